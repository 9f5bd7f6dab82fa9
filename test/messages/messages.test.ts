import { describe, expect, test } from 'vitest';
import type { MessageHandler } from '../../src/index.js';
import { openService, type TestService } from '../http/fixture.js';

const say = ({ ask }: TestService, body: object) => ask('POST', '/v1/messages', { body });
const messagesOf = async ({ ask }: TestService) => (await ask('GET', '/v1/messages')).body.data;

async function settle({ keep }: TestService): Promise<void> {
  for (let round = 0; round < 4; round += 1) await keep();
}

describe('a message', () => {
  test('is refused with the name of the field', async () => {
    const service = await openService();
    const refusals = [
      [{ text: 'x' }, 'chat'],
      [{ chat: 'a', text: '' }, 'text'],
      [{ chat: 'a', text: 'x', kind: 'other' }, 'kind'],
      [{ chat: 'a', text: 'x', kind: 'scheduled' }, 'at'],
      [{ chat: 'a', text: 'x', at: '2030-01-01T00:00:00Z' }, 'at'],
      [{ chat: 'a', text: 'x', kind: 'scheduled', at: 'soon' }, 'at'],
    ] as const;
    for (const [body, path] of refusals) {
      const { status, body: problem } = await say(service, body);
      expect([status, problem.issues[0].path]).toEqual([422, path]);
    }
    const promise = { type: 'message', payload: { message: crypto.randomUUID() } };
    expect((await service.ask('POST', '/v1/promises', { body: promise })).status).toBe(422);
  });

  test('becomes a promise of the same id, whose result has the answer', async () => {
    const service = await openService();
    const made = await say(service, { chat: 'desk', text: '/promise echo 7', sender: 'ada' });
    expect(made).toMatchObject({
      status: 201,
      body: { chat: 'desk', kind: 'followup', status: 'queued', deduplicated: false },
    });
    await settle(service);
    const { body } = await service.ask('GET', `/v1/promises/${made.body.id}`);
    expect(body).toMatchObject({ type: 'message', status: 'completed' });
    expect(body.result.replies).toEqual([expect.stringMatching(/^Promise made: echo\n/)]);
    expect(await messagesOf(service)).toMatchObject([{ status: 'processed', sender: 'ada' }]);
    expect((await service.ask('GET', '/v1/promises?type=echo')).body.data).toHaveLength(1);
  });

  test('that its chat has sent before is answered with the first', async () => {
    const service = await openService();
    const first = await say(service, { chat: 'desk', text: 'a', messageId: '1' });
    const again = await say(service, { chat: 'desk', text: 'b', messageId: '1' });
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toMatchObject({ id: first.body.id, text: 'a', deduplicated: true });
    const other = await say(service, { chat: 'hall', text: 'b', messageId: '1' });
    expect(other.body.deduplicated).toBe(false);
  });

  test('with a time is processed then, and holds nothing back until then', async () => {
    const service = await openService();
    const at = '2031-01-01T00:00:00Z';
    const later = await say(service, { chat: 'desk', text: '/help', kind: 'scheduled', at });
    const now = await say(service, { chat: 'desk', text: '/help' });
    await settle(service);
    const promise = async (id: string) => (await service.ask('GET', `/v1/promises/${id}`)).body;
    expect(await promise(later.body.id)).toMatchObject({
      status: 'pending',
      runAt: '2031-01-01T00:00:00.000Z',
    });
    expect((await promise(now.body.id)).status).toBe('completed');
  });
});

describe('messages of one chat', () => {
  test('are processed in order, also when one is tried again; other chats go on', async () => {
    const order: string[] = [];
    let isIll = true;
    const onMessage: MessageHandler = ({ chat, text }, { reply }) => {
      order.push(`${chat}:${text}`);
      if (text === '1' && isIll) throw new Error('not now');
      reply(`heard ${text}`);
    };
    const service = await openService({ onMessage });
    for (const text of ['1', '2', '3']) await say(service, { chat: 'a', text });
    await say(service, { chat: 'b', text: '9' });
    await service.keep();
    // It may have been tried again meanwhile.
    const once = () => order.filter((one, at) => order.indexOf(one) === at);
    expect(once()).toEqual(['a:1', 'b:9']);
    isIll = false;
    await expect
      .poll(() => settle(service).then(once), { timeout: 9_000 })
      .toEqual(['a:1', 'b:9', 'a:2', 'a:3']);
    expect(order.filter((one) => one === 'a:1').length).toBeGreaterThan(1);
    expect(
      new Set((await messagesOf(service)).map(({ status }: { status: string }) => status)),
    ).toEqual(new Set(['processed']));
  });

  test('one that fails for good is marked, and the next goes on', async () => {
    const onMessage: MessageHandler = async ({ text }, { commands }) => {
      if (text === 'bad') throw new RangeError('too bad');
      await commands();
    };
    const service = await openService({ onMessage });
    const { id } = (await say(service, { chat: 'a', text: 'bad' })).body;
    await say(service, { chat: 'a', text: '/help' });
    await service.ask('PATCH', `/v1/promises/${id}`, { body: { maxAttempts: 1 } });
    await settle(service);
    expect(await messagesOf(service)).toMatchObject([
      { text: '/help', status: 'processed' },
      { text: 'bad', status: 'failed', error: 'too bad' },
    ]);
  });
});

describe('the sweep', () => {
  const sweep = async ({ ask }: TestService) =>
    (await ask('POST', '/v1/maintenance/sweep-messages')).body;

  test('makes promises of what was left when the queue could not be written, in order', async () => {
    const seen: string[] = [];
    const service = await openService({ onMessage: ({ text }) => void seen.push(text) });
    const { messages, store, system } = service.services;
    const enqueue = store.enqueue.bind(store);
    store.enqueue = () => Promise.reject(new Error('the queue is away'));
    const left = await say(service, { chat: 'a', text: '1' });
    expect(left).toMatchObject({ status: 201, body: { status: 'received' } });
    await say(service, { chat: 'b', text: 'x' });
    store.enqueue = enqueue;
    const old = { sql: "UPDATE messages SET received_at = received_at - 3600000 WHERE chat = 'b'" };
    await system.write([old]);
    // Whoever comes next takes along what its chat had left.
    await say(service, { chat: 'a', text: '2' });
    await settle(service);
    expect(seen).toEqual(['1', '2']);
    expect(await sweep(service)).toMatchObject({
      outcome: 'completed',
      counts: { queued: 1, processed: 0, failed: 0 },
    });
    await settle(service);
    expect(seen).toEqual(['1', '2', 'x']);
    expect((await messages.list({ chat: 'b' })).data).toMatchObject([{ kind: 'missed' }]);
  });

  test('notes what became of promises that could not say so', async () => {
    const service = await openService();
    const ids: string[] = [];
    for (const chat of ['done', 'cancelled', 'open']) {
      ids.push((await say(service, { chat, text: '/help' })).body.id);
    }
    const { system, store } = service.services;
    await store.cancel(ids[1] ?? '');
    const [claim] = await store.claim({
      token: ids[0] ?? '',
      worker: 'w',
      limit: 1,
      leaseMs: 30_000,
      types: ['message'],
    });
    await store.settle([{ id: claim?.id ?? '', fence: 1, outcome: 'complete' }]);
    expect((await sweep(service)).counts).toEqual({ queued: 0, processed: 0, failed: 0 });
    await system.write([{ sql: 'UPDATE messages SET received_at = received_at - 3600000' }]);
    expect((await sweep(service)).counts).toEqual({ queued: 0, processed: 1, failed: 1 });
    const data = await messagesOf(service);
    expect(data.map(({ status }: { status: string }) => status)).toEqual([
      'queued',
      'failed',
      'processed',
    ]);
    expect(data[1].error).toBe('cancelled on request');
  });
});
