import { describe, expect, test } from 'vitest';
import { readSettings } from '../../functions/env.js';
import { openService, type TestService } from '../http/fixture.js';
import { botSettings, startBotApi } from '../support/bot-api.js';

const look = async ({ ask, keep }: TestService) => {
  const { body } = await ask('POST', '/v1/maintenance/health');
  await keep();
  return body.counts;
};

async function open(over: Record<string, string> = {}) {
  const bot = await startBotApi();
  const alerts = { HEALTH_ALERT_TO: 'telegram:42', HEALTH_READY_AGE: '0ms' };
  const service = await openService({ env: { ...botSettings(bot), ...alerts, ...over } });
  return { ...service, bot };
}

describe('alerts', () => {
  test('come on a change of state alone, with what was seen and what to do', async () => {
    const service = await open();
    expect(await look(service)).toMatchObject({ state: 'idle', alerted: false });
    // Nobody here has its type: it is due, and waits.
    const { id } = (await service.ask('POST', '/v1/promises', { body: { type: 'nobody' } })).body;
    await expect.poll(() => look(service)).toMatchObject({ state: 'attention' });
    for (let again = 0; again < 2; again += 1) {
      expect(await look(service)).toMatchObject({ state: 'attention', alerted: false });
    }
    expect(service.bot.sent).toHaveLength(1);
    expect(service.bot.sent[0]?.text).toMatch(
      /^Holdfast: healthy → attention\nA promise that is due has waited for [\s\S]*HOLDFAST_CONCURRENCY/,
    );
    await service.ask('POST', `/v1/promises/${id}/cancel`);
    expect(await look(service)).toMatchObject({ state: 'idle', alerted: true });
    expect(await look(service)).toMatchObject({ alerted: false });
    expect(service.bot.sent.map(({ text }) => text.split('\n')[0])).toEqual([
      'Holdfast: healthy → attention',
      'Holdfast: attention → idle',
    ]);
  });

  test('that could not be made are made by the next look', async () => {
    const service = await open();
    await service.ask('POST', '/v1/promises', { body: { type: 'nobody' } });
    const { store } = service.services;
    const enqueue = store.enqueue.bind(store);
    store.enqueue = () => Promise.reject(new Error('the queue is away'));
    await expect.poll(() => look(service)).toMatchObject({ state: 'attention', alerted: false });
    store.enqueue = enqueue;
    expect(await look(service)).toMatchObject({ state: 'attention', alerted: true });
    expect(service.bot.sent).toHaveLength(1);
  });

  test('go to nobody by default', async () => {
    const service = await open({ HEALTH_ALERT_TO: '' });
    await service.ask('POST', '/v1/promises', { body: { type: 'nobody' } });
    await expect.poll(() => look(service)).toMatchObject({ state: 'attention' });
    expect(service.bot.calls).toEqual([]);
  });
});

test('the report has the state, and thresholds are settings', async () => {
  const service = await openService({ env: { HEALTH_BUSY_PROMISES: '1' } });
  const report = async () => (await service.ask('GET', '/v1/health')).body;
  expect(await report()).toMatchObject({ state: 'idle', suggestions: [] });
  await service.ask('POST', '/v1/promises', { body: { type: 'echo', delay: '1h' } });
  expect(await report()).toMatchObject({
    status: 'ok',
    state: 'busy',
    observations: ['1 promises are pending, 0 running, 0 waiting.'],
  });
});

test('settings of health are refused by name, and targets are told apart', () => {
  const read = (env: Record<string, string>) => () => readSettings(env, 'node');
  for (const target of ['ada@example.com', 'telegram:', 'mailto:ada', 'ftp://x']) {
    expect(read({ HEALTH_ALERT_TO: target })).toThrow(/^HEALTH_ALERT_TO: must be a comma list/);
  }
  expect(read({ HEALTH_SUCCESS_PERCENT: '101' })).toThrow(/^HEALTH_SUCCESS_PERCENT: /);
  const targets = 'telegram:-10042, mailto:ada@example.com, https://example.com/alert';
  expect(read({ HEALTH_ALERT_TO: targets })().HEALTH_ALERT_TO).toEqual([
    { channel: 'telegram', chat: '-10042' },
    { channel: 'mail', to: 'ada@example.com' },
    { channel: 'webhook', url: 'https://example.com/alert' },
  ]);
});
