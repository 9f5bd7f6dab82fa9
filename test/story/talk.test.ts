import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startTarget } from '../outbound/target-server.js';
import { BOT_SECRET, botSettings, startBotApi, updateOf } from '../support/bot-api.js';
import { holdLock } from '../support/held-lock.js';
import { startModelServer } from '../support/model-server.js';
import { tempDir } from '../support/temp-dir.js';
import { type ServerProcess, startProcess } from './server-process.js';

/** Long enough for every lease to run out meanwhile. */
const LOCKED_MS = 10_000;
const TIMEOUT_MS = 180_000;
const WAIT = { timeout: 40_000, interval: 100 };
const PAGE = `<title>Harbour</title><article><p>${'The boats lay still in the water. '.repeat(20)}</p></article>`;

async function tell({ url }: ServerProcess, update: object) {
  const response = await fetch(`${url}/telegram/webhook`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-Telegram-Bot-Api-Secret-Token': BOT_SECRET,
    },
    body: JSON.stringify(update),
  });
  return { status: response.status, body: await response.json() };
}

test(
  'a talk goes on through locked databases, a model that fails, and a killed server',
  async () => {
    const [bot, model] = await Promise.all([startBotApi(), startModelServer()]);
    const site = await startTarget((response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE);
    });
    const directory = tempDir();
    const env = {
      ...botSettings(bot),
      MODEL_URL: model.url,
      MODEL_NAME: 'slow',
      HOLDFAST_LEASE: '3s',
    };
    const texts = () => bot.sent.map(({ text }) => text);
    const said = (pattern: RegExp) =>
      expect.poll(() => texts().filter((text) => pattern.test(text)).length, WAIT);

    // The model fails once, then says one word and thinks, until it is let go on.
    model.next.push({ status: 503, after: 0 });
    const goOn = new AbortController();
    const thinking = once(goOn.signal, 'abort').then(() => {});
    model.beforeWord = (index) => (index === 0 ? Promise.resolve() : thinking);

    // Commands, one of which comes twice; a promise is made, and its result told.
    const first = await startProcess(directory, env);
    const echo = updateOf('/promise echo good morning');
    expect(await tell(first, updateOf('/help'))).toMatchObject({ status: 200 });
    expect((await tell(first, echo)).body).toMatchObject({ deduplicated: false });
    expect((await tell(first, echo)).body).toMatchObject({ deduplicated: true });
    await said(/^✓ echo is done[\s\S]*good morning$/).toBe(1);

    // A link is analysed; the chat is told how far it is.
    const link = updateOf(`/promise analyse ${site.origin}/news`);
    await tell(first, link);
    await said(/^Promise made: analyse/).toBe(1);
    const id = texts()
      .find((text) => text.startsWith('Promise made: analyse'))
      ?.split('\n')[1];
    const progress = async (server: ServerProcess) =>
      (await server.ask('GET', `/v1/promises/${id}`)).body.progress?.message;
    await expect.poll(() => progress(first), WAIT).toBe('answering: It is ');
    await tell(first, updateOf(`/status ${id}`));
    await said(/^analyse is in progress[\s\S]*0 % – answering: It is/).toBe(1);

    // While the model thinks, nothing of either database is held.
    const lanes = async () =>
      (await first.ask('GET', '/v1/databases')).body.data.map(
        ({ telemetry }: { telemetry: object }) => telemetry,
      );
    const idle = { holder: null, waiting: 0 };
    await expect.poll(lanes, WAIT).toMatchObject([idle, idle]);
    await expect
      .poll(
        async () =>
          (await first.ask('GET', '/v1/promises?type=notify&status=completed')).body.data.length,
        WAIT,
      )
      .toBe(bot.sent.length);

    // Another process locks both for a while; what comes meanwhile is taken in.
    const files = ['queue', 'system'].map(
      (name) => `file:${join(directory, 'data', `${name}.db`)}`,
    );
    const locks = await Promise.all(files.map(holdLock));
    const during = tell(first, updateOf('/status'));
    await new Promise((resolve) => setTimeout(resolve, LOCKED_MS));
    await Promise.all(locks.map(({ letGo }) => letGo()));
    expect((await during).status).toBe(200);
    await said(/^waiting: /).toBe(1);

    // The server is killed while the model thinks, and while a message is on its way.
    await expect.poll(() => progress(first), WAIT).toBe('answering: It is ');
    bot.next.push('mute');
    await tell(first, updateOf('/cancel nothing'));
    await said(/^There is no promise nothing/).toBe(1);
    expect(await first.end('SIGKILL')).toBe('SIGKILL');
    const second = await startProcess(directory, env);
    expect((await tell(second, link)).body).toMatchObject({ deduplicated: true });
    goOn.abort();
    await said(/^✓ analyse is done[\s\S]*It is about \d+ characters\.$/).toBe(1);

    // Nothing is lost, nothing was said twice, and what nobody can know is marked.
    const messages = (await second.ask('GET', '/v1/messages')).body.data;
    expect(messages).toHaveLength(6);
    await expect
      .poll(
        async () =>
          (await second.ask('GET', '/v1/messages')).body.data.map(
            (one: { status: string }) => one.status,
          ),
        WAIT,
      )
      .toEqual(messages.map(() => 'processed'));
    const unknown = async () =>
      (await second.ask('GET', '/v1/promises?type=notify&status=failed')).body.data;
    await expect.poll(async () => (await unknown()).length, WAIT).toBe(1);
    expect(await unknown()).toMatchObject([
      {
        error: { code: 'outcome-unknown' },
        payload: { text: expect.stringMatching(/^There is no promise/) },
      },
    ]);
    await expect
      .poll(
        async () => (await second.ask('GET', '/v1/promises?status=in_progress')).body.data,
        WAIT,
      )
      .toEqual([]);
    expect(new Set(texts()).size).toBe(bot.sent.length);
    expect(bot.sent).toHaveLength(8);
  },
  TIMEOUT_MS,
);
