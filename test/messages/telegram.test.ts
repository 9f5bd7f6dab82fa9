import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTask } from '../../src/index.js';
import { Sends } from '../../src/promises/index.js';
import { openService, type TestService, type TestServiceOptions } from '../http/fixture.js';
import { BOT_SECRET, type BotApi, botSettings, startBotApi, updateOf } from '../support/bot-api.js';

const SECRET = { 'X-Telegram-Bot-Api-Secret-Token': BOT_SECRET };

const POLL = { timeout: 15_000, interval: 20 };

interface Talking extends TestService {
  readonly bot: BotApi;
  /** Sends an update as Telegram does. */
  tell(update: object, headers?: Record<string, string>): ReturnType<TestService['ask']>;
  /** Runs what is due until nothing is. */
  settle(): Promise<void>;
}

async function open(options: TestServiceOptions = {}): Promise<Talking> {
  const bot = await startBotApi();
  const env = { HOLDFAST_LEASE: '1s', ...botSettings(bot), ...options.env };
  const service = await openService({ ...options, env });
  return {
    ...service,
    bot,
    tell: (update, headers = SECRET) =>
      service.ask('POST', '/telegram/webhook', { key: null, body: update, headers }),
    settle: async () => {
      for (let round = 0; round < 4; round += 1) await service.keep();
    },
  };
}

const textsOf = ({ bot }: Talking) => bot.sent.map(({ text }) => text);

describe('the webhook', () => {
  test('is not there without a token', async () => {
    const { ask } = await openService();
    const answer = await ask('POST', '/telegram/webhook', { key: null, body: updateOf('hi') });
    expect([answer.status, answer.body.code]).toEqual([404, 'not-found']);
  });

  test('takes nothing without its secret, before it reads the body', async () => {
    const { ask, tell } = await open();
    for (const headers of [{}, { 'X-Telegram-Bot-Api-Secret-Token': `${BOT_SECRET}x` }]) {
      expect((await tell(updateOf('/status'), headers)).status).toBe(401);
      const malformed = { key: null, text: '{', headers };
      expect((await ask('POST', '/telegram/webhook', malformed)).status).toBe(401);
    }
    expect((await ask('GET', '/v1/messages')).body.data).toEqual([]);
    const bare = await open({ env: { TELEGRAM_WEBHOOK_SECRET: '' } });
    expect((await bare.tell(updateOf('/status'), {})).status).toBe(401);
  });

  test('leaves strangers and what is no message in words aside', async () => {
    const talking = await open();
    const aside = { message: null, deduplicated: false };
    const sticker = { ...updateOf(''), message: { ...updateOf('').message, text: undefined } };
    for (const update of [updateOf('/status', { chat: 43 }), { update_id: 1 }, sticker]) {
      expect(await talking.tell(update)).toMatchObject({ status: 200, body: aside });
    }
    const odd = { update_id: 1, message: 'what', edited_message: 7 };
    expect((await talking.tell(odd)).status).toBe(200);
    expect((await talking.ask('GET', '/v1/messages')).body.data).toEqual([]);
    expect(talking.bot.calls).toEqual([]);
  });

  test('takes an update once, however often it comes', async () => {
    const talking = await open();
    const update = updateOf('/help');
    const answers = [await talking.tell(update), await talking.tell(update)];
    await talking.settle();
    answers.push(await talking.tell(update));
    expect(answers.map(({ status, body }) => [status, body.deduplicated])).toEqual([
      [200, false],
      [200, true],
      [200, true],
    ]);
    await talking.settle();
    expect(textsOf(talking)).toEqual([expect.stringContaining('/promise TYPE PAYLOAD')]);
    const { data } = (await talking.ask('GET', '/v1/messages?chat=telegram:42')).body;
    expect(data).toMatchObject([
      { text: '/help', sender: 'ada', kind: 'followup', status: 'processed', error: null },
    ]);
  });

  test('a message that waited at Telegram while nobody was here was missed', async () => {
    const talking = await open();
    await talking.tell(updateOf('/help', { date: Math.floor(Date.now() / 1_000) - 600 }));
    const { data } = (await talking.ask('GET', '/v1/messages')).body;
    expect(data).toMatchObject([{ kind: 'missed', status: 'queued' }]);
  });
});

describe('commands', () => {
  test('make a promise that tells the chat of its result; only the promise has an origin', async () => {
    const talking = await open();
    await talking.tell(updateOf('/promise echo {"a": [1, 2]}'));
    await talking.settle();
    const { data } = (await talking.ask('GET', '/v1/promises?type=echo')).body;
    expect(data).toMatchObject([{ payload: { a: [1, 2] }, queue: 'default', status: 'completed' }]);
    const [made, done] = textsOf(talking);
    expect(made).toBe(`Promise made: echo\n${data[0].id}`);
    expect(done).toContain('✓ echo is done in ');
    expect(done).toContain(data[0].id);
    expect(done).toContain('"a": [');
    expect(talking.bot.sent).toHaveLength(2);
  });

  test('give words that are no JSON as they are, and say what is wrong', async () => {
    const talking = await open();
    await talking.tell(updateOf('/promise@holdfast_bot echo two words'));
    await talking.tell(updateOf('/promise webhook {"url": 7}'));
    await talking.tell(updateOf('/promise callback {}'));
    await talking.tell(updateOf('/promise'));
    await talking.tell(updateOf('/dance'));
    await talking.settle();
    const { data } = (await talking.ask('GET', '/v1/promises?type=echo')).body;
    expect(data).toMatchObject([{ payload: 'two words' }]);
    const texts = textsOf(talking);
    expect(texts.filter((text) => text.startsWith('Not made. payload.url: '))).toHaveLength(1);
    expect(texts.filter((text) => text.startsWith('Not made. '))).toHaveLength(2);
    expect(texts).toContain('Say of which type: /promise TYPE PAYLOAD');
    expect(texts.some((text) => text.startsWith('There is no command /dance.'))).toBe(true);
  });

  test('say how things are, and cancel', async () => {
    const talking = await open();
    const later = await talking.ask('POST', '/v1/promises', {
      body: { type: 'echo', delay: '1h' },
    });
    const { id } = later.body;
    const said = async (text: string) => {
      await talking.tell(updateOf(text));
      await talking.settle();
      return textsOf(talking).at(-1);
    };
    expect(await said('/status')).toMatch(/^waiting: 0\npending: 1\nin progress: \d/);
    expect(await said(`/status ${id}`)).toBe('echo is pending, attempt 0 of 3');
    expect(await said('/status nonsense')).toBe('There is no promise nonsense.');
    expect(await said('/cancel')).toBe('Say which: /cancel ID');
    expect(await said(`/cancel ${id}`)).toBe(`Cancelled: echo\n${id}`);
    expect(await said(`/cancel ${id}`)).toBe(`Cancelled: echo\n${id}`);
    expect((await talking.ask('GET', `/v1/promises/${id}`)).body).toMatchObject({
      status: 'cancelled',
      error: { message: 'cancelled in a chat' },
    });
  });

  test('reach the promises of no tenant', async () => {
    const talking = await open();
    const body = { name: 'acme', scopes: ['admin'], tenant: 'acme' };
    const { key } = (await talking.ask('POST', '/v1/keys', { body })).body;
    const promise = { key, body: { type: 'echo', payload: 'theirs', delay: '1h' } };
    const { id } = (await talking.ask('POST', '/v1/promises', promise)).body;
    await talking.tell(updateOf(`/status ${id}`));
    await talking.tell(updateOf(`/cancel ${id}`));
    await talking.settle();
    expect(new Set(textsOf(talking))).toEqual(new Set([`There is no promise ${id}.`]));
    const { body: kept } = await talking.ask('GET', `/v1/promises/${id}`, { key });
    expect(kept.status).toBe('pending');
  });
});

test('the message that told of a promise shows how far it is, until it is settled', async () => {
  const goOn = new AbortController();
  const slow = defineTask({
    type: 'slow',
    input: z.null(),
    run: async (_input, { progress }) => {
      progress(40, 'reading');
      await once(goOn.signal, 'abort');
      return 'read';
    },
  });
  const talking = await open({ tasks: [slow], env: { HOLDFAST_LEASE: '1s' } });
  const executor = talking.services.createExecutor();
  executor.start();
  await talking.tell(updateOf('/promise slow'));
  const listed = async (type: string) =>
    (await talking.ask('GET', `/v1/promises?type=${type}`)).body.data[0];
  await expect.poll(async () => (await listed('slow'))?.progress?.percent, POLL).toBe(40);
  await expect.poll(async () => (await listed('notify'))?.status, POLL).toBe('completed');
  const follow = await listed('follow');
  // It looks every five seconds: here it need not wait for them.
  const look = () => talking.ask('PATCH', `/v1/promises/${follow.id}`, { body: { delay: 0 } });
  await look();
  await expect
    .poll(() => talking.bot.edits, POLL)
    .toEqual([expect.stringMatching(/^Promise made: slow\n.*\n40 % – reading$/)]);
  await expect.poll(async () => (await listed('follow')).status, POLL).toBe('pending');
  await look();
  goOn.abort();
  await expect.poll(() => talking.bot.sent.length, POLL).toBe(2);
  await expect
    .poll(async () => {
      await look();
      return (await listed('follow')).status;
    }, POLL)
    .toBe('completed');
  expect(talking.bot.edits).toHaveLength(1);
  await executor.stop();
});

describe('what is said in a chat', () => {
  const notifications = async ({ ask }: TestService) =>
    (await ask('GET', '/v1/promises?type=notify')).body.data;

  test('is said again when Telegram refused it for the moment', async () => {
    const talking = await open();
    talking.bot.next.push({ status: 429, retryAfter: 3 });
    await talking.tell(updateOf('/help'));
    await talking.settle();
    expect(await notifications(talking)).toMatchObject([
      { status: 'waiting', error: { code: 'response-not-ok', details: { retryAfterMs: 3_000 } } },
    ]);
    await expect
      .poll(() => talking.keep().then(() => talking.bot.sent.length), { timeout: 12_000 })
      .toBe(1);
  });

  test('fails at once when Telegram refuses it for good', async () => {
    const talking = await open();
    talking.bot.next.push({ status: 403 });
    await talking.tell(updateOf('/help'));
    await talking.settle();
    expect(await notifications(talking)).toMatchObject([
      { status: 'failed', attempt: 1, error: { code: 'response-not-ok' } },
    ]);
    expect(talking.bot.calls).toEqual(['sendMessage']);
  });

  test.each(['lose', { status: 502 }] as const)(
    'is not said again when nobody knows whether it was (%j), but on request',
    async (behaviour) => {
      const talking = await open();
      talking.bot.next.push(behaviour);
      await talking.tell(updateOf('/help'));
      await talking.settle();
      const [one] = await notifications(talking);
      expect(one).toMatchObject({ status: 'failed', error: { code: 'outcome-unknown' } });
      expect(JSON.stringify(one)).not.toContain('AAE-token');
      const { rows } =
        (await talking.services.queue.read([{ sql: 'SELECT * FROM sends' }]))[0] ?? {};
      expect(rows).toMatchObject([{ promise_id: one.id, state: 'unknown', receipt: null }]);
      expect(talking.bot.calls).toHaveLength(1);
      await talking.ask('POST', `/v1/promises/${one.id}/retry`);
      await talking.settle();
      expect(talking.bot.calls).toHaveLength(2);
      expect((await notifications(talking))[0]).toMatchObject({
        status: 'completed',
        result: { channel: 'telegram', message: expect.any(String) },
      });
    },
  );

  test('is not said again when a run that began to say it was lost', async () => {
    const talking = await open();
    const body = {
      type: 'notify',
      payload: { to: { channel: 'telegram', chat: '42' }, text: 'hi' },
    };
    const { id } = (await talking.ask('POST', '/v1/promises', { body })).body;
    const sender = { id, idempotencyKey: `${id}.0` };
    expect(await new Sends(talking.services.queue).begin(sender, false)).toMatchObject({
      state: 'begun',
    });
    await talking.settle();
    expect(await notifications(talking)).toMatchObject([{ error: { code: 'outcome-unknown' } }]);
    expect(talking.bot.calls).toEqual([]);
  });

  test('is not said again when it is known to have been said', async () => {
    const talking = await open();
    const body = {
      type: 'notify',
      payload: { to: { channel: 'telegram', chat: '42' }, text: 'hi' },
    };
    const { id } = (await talking.ask('POST', '/v1/promises', { body })).body;
    const sender = { id, idempotencyKey: `${id}.0` };
    const sends = new Sends(talking.services.queue);
    const begun = await sends.begin(sender, false);
    await sends.sent(sender, begun.state === 'begun' ? begun.token : '', '77');
    await talking.settle();
    expect(await notifications(talking)).toMatchObject([
      { status: 'completed', result: { channel: 'telegram', message: '77' } },
    ]);
    expect(talking.bot.calls).toEqual([]);
  });

  test('is said again all the same when the setting says so', async () => {
    const talking = await open({ env: { NOTIFY_RESEND_UNKNOWN: 'on' } });
    talking.bot.next.push('lose');
    await talking.tell(updateOf('/help'));
    await expect
      .poll(() => talking.settle().then(() => talking.bot.sent.length), { timeout: 9_000 })
      .toBe(2);
  });
});
