import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTask } from '../../src/index.js';
import { openService, type TestService, type TestServiceOptions } from '../http/fixture.js';
import { startTarget } from '../outbound/target-server.js';
import { botSettings, startBotApi } from '../support/bot-api.js';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const broken = defineTask({
  type: 'broken',
  input: z.null(),
  run: () => {
    throw new Error('nothing works');
  },
});

const secretive = defineTask({
  type: 'secretive',
  input: z.null(),
  protect: { redact: ['pin'] },
  run: () => ({ pin: 1234, name: 'Ada' }),
});

async function open(options: TestServiceOptions = {}): Promise<TestService> {
  const env = { HOLDFAST_ALLOW_HOSTS: '127.0.0.1', ...options.env };
  return openService({ tasks: [broken, secretive], ...options, env });
}

const make = ({ ask }: TestService, body: object, key?: string) =>
  ask('POST', '/v1/promises', { body, ...(key === undefined ? {} : { key }) });

async function settle({ keep }: TestService): Promise<void> {
  for (let round = 0; round < 3; round += 1) await keep();
}

const notifications = async ({ ask }: TestService) =>
  (await ask('GET', '/v1/promises?type=notify')).body.data;

describe('who may be told', () => {
  test('is refused by name of the setting or the rule when a promise is made', async () => {
    const service = await openService();
    const refusals = [
      [{ channel: 'telegram', chat: '42' }, 'TELEGRAM_BOT_TOKEN is not set'],
      [{ channel: 'mail', to: 'ada@example.com' }, 'MAIL_API_KEY and MAIL_FROM are not set'],
      [{ channel: 'webhook', url: 'http://10.0.0.1/' }, 'private'],
    ] as const;
    for (const [origin, reason] of refusals) {
      const { status, body } = await make(service, { type: 'echo', origin });
      expect([status, body.code]).toEqual([422, 'address-refused']);
      expect(body.detail).toContain(reason);
      const promise = { type: 'notify', payload: { to: origin, text: 'hi' } };
      expect((await make(service, promise)).body.code).toBe('address-refused');
    }
    for (const origin of [{}, { channel: 'fax' }, { channel: 'mail', to: 'ada' }, 'telegram:1']) {
      expect((await make(service, { type: 'echo', origin })).body.code).toBe('input-invalid');
    }
    expect(await notifications(service)).toEqual([]);
  });

  test('is who is in the lists', async () => {
    const bot = await startBotApi();
    const mail = { MAIL_API_KEY: 'key', MAIL_FROM: 'holdfast@example.com' };
    const env = { ...botSettings(bot), ...mail, MAIL_ALLOWED_TO: 'ada@example.com, @example.org' };
    const service = await open({ env });
    const told = async (origin: object) =>
      (await make(service, { type: 'echo', delay: '1h', origin })).status;
    expect(await told({ channel: 'telegram', chat: '42' })).toBe(201);
    expect(await told({ channel: 'telegram', chat: '43' })).toBe(422);
    expect(await told({ channel: 'mail', to: 'ada@example.com' })).toBe(201);
    expect(await told({ channel: 'mail', to: 'bob@example.com' })).toBe(422);
    expect(await told({ channel: 'mail', to: 'bob@example.org' })).toBe(201);
    expect(await told({ channel: 'mail', to: 'bob@not-example.org' })).toBe(422);
  });

  test('cannot be shown a promise that is not named by the log', async () => {
    const service = await open();
    const { id } = (await make(service, { type: 'echo', payload: 'theirs' })).body;
    const event = { id: '1-0', kind: 'completed', promise: id, queue: 'q', type: 'echo', at: 1 };
    const to = { channel: 'webhook', url: 'http://127.0.0.1:9/' };
    const { status, body } = await make(service, { type: 'notify', payload: { to, event } });
    expect([status, body.issues[0].path]).toEqual([422, 'payload.event']);
  });
});

describe('a webhook', () => {
  test('is told in words of what is settled, signed, by a promise of its own', async () => {
    const target = await startTarget((response) => response.end());
    const service = await open({ env: { HOLDFAST_WEBHOOK_SECRETS: SECRET } });
    const origin = { channel: 'webhook', url: `${target.origin}/told` };
    const kept = (await make(service, { type: 'secretive', origin, payload: null })).body;
    const failed = (await make(service, { type: 'broken', origin, payload: null, maxAttempts: 1 }))
      .body;
    const cancelled = (await make(service, { type: 'echo', origin, delay: '1h' })).body;
    await make(service, { type: 'echo', payload: 'not told' });
    await service.ask('POST', `/v1/promises/${cancelled.id}/cancel`, {
      body: { reason: 'enough' },
    });
    await settle(service);
    const told = new Map(
      target.received.map(({ body, headers }) => {
        const message = JSON.parse(body);
        expect(headers['webhook-signature']).toMatch(/^v1,/);
        expect(headers['idempotency-key']).toMatch(/\.0$/);
        return [message.promise, message];
      }),
    );
    expect(told.size).toBe(3);
    expect(target.received).toHaveLength(3);
    expect(told.get(kept.id).text).toMatch(/^✓ secretive is done in [\dms ]+\n/);
    expect(told.get(kept.id).text).toContain('"pin": "[redacted]"');
    expect(told.get(kept.id).subject).toMatch(/^✓ secretive is done/);
    expect(told.get(failed.id).text).toMatch(
      /^✗ broken failed after 1 attempt in [\dms ]+\n.*\nrun-failed: nothing works$/,
    );
    expect(told.get(cancelled.id).text).toBe(
      `– echo was cancelled\n${cancelled.id}\ncancelled: enough`,
    );
    expect(await notifications(service)).toMatchObject([
      { queue: 'notifications', status: 'completed', maxAttempts: 10 },
      { result: { channel: 'webhook', status: 200 } },
      {},
    ]);
    expect(JSON.stringify(kept)).not.toContain('/told');
  });

  test('that does not answer touches nothing of the work, and is told again', async () => {
    let isWell = false;
    const target = await startTarget((response) => {
      response.writeHead(isWell ? 200 : 503, { 'Retry-After': '0' }).end();
    });
    const service = await open();
    const origin = { channel: 'webhook', url: target.origin };
    const { id } = (await make(service, { type: 'echo', origin })).body;
    await settle(service);
    expect((await service.ask('GET', `/v1/promises/${id}`)).body).toMatchObject({
      status: 'completed',
      failures: [],
    });
    const [told] = await notifications(service);
    expect(told).toMatchObject({
      status: 'pending',
      attempt: 1,
      error: { code: 'response-not-ok' },
    });
    isWell = true;
    await service.ask('PATCH', `/v1/promises/${told.id}`, { body: { delay: 0 } });
    await settle(service);
    expect((await notifications(service))[0]).toMatchObject({ status: 'completed', attempt: 2 });
    const keys = target.received.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(1);
  });

  test('of a tenant is told by a promise of the tenant', async () => {
    const target = await startTarget((response) => response.end());
    const service = await open();
    const body = { name: 'acme', scopes: ['admin'], tenant: 'acme' };
    const { key } = (await service.ask('POST', '/v1/keys', { body })).body;
    const origin = { channel: 'webhook', url: target.origin };
    await make(service, { type: 'echo', payload: 'x', origin }, key);
    await settle(service);
    expect(target.received).toHaveLength(1);
    const theirs = await service.ask('GET', '/v1/promises?type=notify', { key });
    expect(theirs.body.data).toMatchObject([{ queue: 'notifications', status: 'completed' }]);
    expect(await notifications(service)).toEqual([]);
  });
});

describe('a mail', () => {
  test('goes through the API that is set, with one key however often it is tried', async () => {
    let calls = 0;
    const api = await startTarget((response) => {
      calls += 1;
      response.writeHead(calls === 1 ? 500 : 200, { 'Content-Type': 'application/json' });
      response.end('{"id":"mail-1"}');
    });
    const env = {
      // What the settings name may be private, without being open to promises.
      HOLDFAST_ALLOW_HOSTS: 'localhost',
      MAIL_API_URL: `${api.origin}/emails`,
      MAIL_API_KEY: 're_secret',
      MAIL_FROM: 'Holdfast <holdfast@example.com>',
      MAIL_ALLOWED_TO: '@example.com',
    };
    const service = await open({ env });
    const origin = { channel: 'mail', to: 'ada@example.com' };
    const refused = await make(service, { type: 'webhook', payload: { url: api.origin } });
    expect(refused.body.code).toBe('address-refused');
    const { id } = (await make(service, { type: 'echo', payload: 'done it', origin })).body;
    await settle(service);
    const [told] = await notifications(service);
    await service.ask('PATCH', `/v1/promises/${told.id}`, { body: { delay: 0 } });
    await settle(service);
    expect((await notifications(service))[0]).toMatchObject({
      status: 'completed',
      result: { channel: 'mail', message: 'mail-1' },
    });
    const [first, second] = api.received;
    expect(first?.headers['idempotency-key']).toBe(second?.headers['idempotency-key']);
    expect(second?.headers.authorization).toBe('Bearer re_secret');
    expect(JSON.parse(second?.body ?? '')).toMatchObject({
      from: 'Holdfast <holdfast@example.com>',
      to: ['ada@example.com'],
      subject: expect.stringMatching(/^✓ echo is done in /),
      text: expect.stringContaining(`${id}\ndone it`),
    });
  });
});

test('a text is cut to what its channel takes, and no character is torn', async () => {
  const bot = await startBotApi();
  const service = await open({ env: botSettings(bot) });
  const payload = { to: { channel: 'telegram', chat: '42' }, text: '🌍'.repeat(3_000) };
  await make(service, { type: 'notify', payload });
  await settle(service);
  const [message] = bot.sent;
  expect(message?.text.length).toBeLessThanOrEqual(4_096);
  expect(message?.text).toMatch(/^(?:🌍)+…$/u);
});
