import { uuidv7 } from 'uuidv7';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Database } from '../../src/db/index.js';
import { defineTask } from '../../src/index.js';
import { PromiseStore } from '../../src/promises/index.js';
import { Insights } from '../../src/records/index.js';
import { analysisTask } from '../../src/tasks/maintenance/analysis.js';
import { openService, type TestService } from '../http/fixture.js';
import { settled, setUp } from '../maintenance/fixture.js';
import { makePlace, openPair } from '../maintenance/place.js';
import { startModelServer } from '../support/model-server.js';

const shaky = defineTask({
  type: 'shaky',
  input: z.int(),
  run: (turn) => {
    if (turn % 2 === 0) throw new Error('the moon is full');
    return turn;
  },
});

async function makeSome({ ask, keep }: TestService): Promise<void> {
  const promises = [
    ...Array.from({ length: 10 }, (_, payload) => ({ type: 'shaky', payload, maxAttempts: 1 })),
    ...Array.from({ length: 3 }, () => ({ type: 'echo' })),
    { type: 'echo', delay: '1h' },
  ];
  await ask('POST', '/v1/promises/batch', { body: { promises } });
  await keep();
}

const analyse = async ({ ask }: TestService) =>
  (await ask('POST', '/v1/maintenance/analysis')).body;
const insights = async ({ ask }: TestService, query = '') =>
  (await ask('GET', `/v1/insights${query}`)).body.data;

describe('without a model', () => {
  test('an analysis of nothing has its summary', async () => {
    const service = await openService();
    expect(await analyse(service)).toMatchObject({
      outcome: 'completed',
      counts: { insights: 1, settled: 0, model: false },
    });
    expect(await insights(service)).toMatchObject([
      {
        kind: 'summary',
        title: '0 settled, 0 failed',
        text: expect.stringMatching(/^Nothing was/),
      },
    ]);
  });

  test('says what was settled, what fails and why, and is worth reading', async () => {
    const service = await openService({ tasks: [shaky] });
    await makeSome(service);
    expect(await analyse(service)).toMatchObject({ outcome: 'completed', counts: { settled: 13 } });
    const [summary] = await insights(service, '?kind=summary');
    expect(summary.text).toBe(
      '13 promises were settled in 6h: 8 completed, 5 failed, 0 cancelled, 61.5 % kept. 0 needed more than one attempt. 1 are pending, 0 running, 0 waiting. Most were of type shaky: 10.',
    );
    expect(Date.parse(summary.to) - Date.parse(summary.from)).toBe(6 * 3_600_000);
    expect(await insights(service, '?kind=failing')).toMatchObject([
      {
        title: 'Fails most: shaky',
        text: 'shaky: 5 of 10 failed: 5 × run-failed (the moon is full).',
        data: { causes: [{ type: 'shaky', code: 'run-failed', count: 5 }] },
      },
    ]);
    expect(await insights(service, '?kind=anomaly')).toMatchObject([
      { title: 'shaky fails more than it did', data: { share: 0.5, shareBefore: 0 } },
    ]);
    const pages = await service.ask('GET', '/v1/insights?limit=1');
    expect(pages.body.nextCursor).not.toBeNull();
    expect((await service.ask('GET', '/v1/promises?type=reflect')).body.data).toEqual([]);
    expect((await service.ask('GET', '/v1/insights?kind=x')).status).toBe(422);
  });
});

describe('with a model', () => {
  test('its answer is one more insight, by a promise that is tried again', async () => {
    const model = await startModelServer();
    model.next.push({ status: 503, after: 0 }, 'break');
    const env = { MODEL_URL: model.url, MODEL_NAME: 'small', MODEL_API_KEY: 'sk-test' };
    const service = await openService({ tasks: [shaky], env });
    await makeSome(service);
    const run = await analyse(service);
    expect(run.counts.model).toBe(true);
    const promise = async () => (await service.ask('GET', `/v1/promises/${run.id}`)).body;
    for (let tries = 0; tries < 3; tries += 1) {
      await service.keep();
      if ((await promise()).status === 'pending') {
        await service.ask('PATCH', `/v1/promises/${run.id}`, { body: { delay: 0 } });
      }
    }
    expect(await promise()).toMatchObject({ type: 'reflect', status: 'completed', attempt: 3 });
    expect((await promise()).failures).toMatchObject([
      { error: { code: 'response-not-ok' } },
      { error: { code: 'target-unreachable' } },
    ]);
    const [reflection] = await insights(service, '?kind=reflection');
    expect(reflection).toMatchObject({
      id: run.id,
      text: expect.stringMatching(/^It is about \d+ characters\.$/),
      data: { model: 'small', tokens: { input: expect.any(Number), output: 3 } },
    });
    const [{ messages } = { messages: [] }] = model.asked;
    expect(messages[1]?.content).toContain('the moon is full');
    expect(messages[1]?.content).toContain('shaky fails more than it did');
  });

  test('only the service itself asks for reflections', async () => {
    const { ask } = await openService();
    const body = { type: 'reflect', payload: { from: 1, to: 2, context: {}, findings: [] } };
    expect((await ask('POST', '/v1/promises', { body })).status).toBe(422);
  });

  test.each(['files', 'servers'] as const)(
    'every handle that it read with is closed before a model is asked, on %s',
    async (kind) => {
      const place = await makePlace(kind);
      const own = await openPair(place);
      const store = new PromiseStore(own.queue);
      await settled(store, 3, 'complete');
      const lent: Database[] = [];
      let wasOpen: unknown[] = [];
      const task = analysisTask(
        {
          borrow: async () => {
            const pair = await openPair(place);
            lent.push(pair.queue, pair.system);
            return {
              ...pair,
              close: async () => {
                await Promise.all([pair.queue.close(), pair.system.close()]);
              },
            };
          },
          figures: (queue) => new PromiseStore(queue).figures(),
          locks: () => [],
          insights: new Insights(own.system),
          promises: {
            enqueue: async (items) => {
              const looks = lent.map((database) => database.read([{ sql: 'SELECT 1' }]));
              wasOpen = await Promise.allSettled(looks);
              return store.enqueue(items);
            },
          },
        },
        6 * 3_600_000,
      );
      const runId = uuidv7();
      const run = await task.run({ runId, signal: new AbortController().signal });
      expect(run).toMatchObject({ outcome: 'completed', counts: { settled: 3, model: true } });
      expect(lent).toHaveLength(2);
      const closed = { status: 'rejected', reason: { code: 'database-closed' } };
      expect(wasOpen).toMatchObject([closed, closed]);
      expect((await store.get(runId))?.payload).toMatchObject({
        context: { types: [{ completed: 3 }] },
      });
    },
  );
});

test('old insights are deleted', async () => {
  const { clock, enter } = await setUp('files');
  const { system, maintenance } = await enter();
  const insights = new Insights(system, { clock: clock.now });
  const one = { kind: 'summary', title: 't', text: 't', data: null, from: 1, to: 2 } as const;
  await insights.add([{ ...one, id: uuidv7() }]);
  await clock.advance(91 * 86_400_000);
  await insights.add([{ ...one, id: uuidv7() }]);
  const run = await maintenance().runNow('cleanup');
  expect(run.counts.insights).toEqual({ deleted: 1, done: true });
  expect((await insights.list()).data).toHaveLength(1);
});
