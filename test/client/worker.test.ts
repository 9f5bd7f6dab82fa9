import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import {
  continueWith,
  type HandlerContext,
  type Handlers,
  snooze,
  Worker,
  type WorkerOptions,
} from '../../src/client/index.js';
import { defineTask } from '../../src/index.js';
import { type ClientFixture, openClient } from './fixture.js';

function startWorker(
  { client }: ClientFixture,
  handlers: Handlers,
  options: Partial<WorkerOptions> = {},
): Worker {
  const worker = new Worker({ client, queue: 'work', handlers, ...options });
  worker.start();
  onTestFinished(() => worker.stop(0));
  return worker;
}

async function make({ client }: ClientFixture, fields: Record<string, unknown> = {}) {
  return (await client.makePromise({ type: 'double', queue: 'work', payload: 21, ...fields })).id;
}

test('refuses handlers and options that are none', () => {
  const client = { url: 'http://holdfast.test', key: 'k' };
  const build = (options: object) => () =>
    new Worker({ client, queue: 'q', handlers: { a: () => 1 }, ...options });
  expect(build({ handlers: {} })).toThrow('there must be one at least');
  expect(build({ handlers: [{ type: 'a' }] })).toThrow('defineTask');
  expect(build({ places: { a: 0 } })).toThrow('places.a: must be a whole number from 1');
  expect(build({ queue: [] })).toThrow('queue: must be 1 to 20 names (received 0)');
  expect(build({ concurrency: 0 })).toThrow('concurrency: must be a whole number from 1');
  expect(build({ leaseMs: 10 })).toThrow('leaseMs');
});

test('keeps promises of its types by long-poll, and leaves the others', async () => {
  const fixture = await openClient();
  const worker = startWorker(fixture, { double: (n: number) => n * 2 });
  const other = await make(fixture, { type: 'other' });
  const ids = await Promise.all([make(fixture), make(fixture, { payload: 4 })]);
  const settled = await Promise.all(ids.map((id) => fixture.client.wait(id)));
  expect(settled.map(({ result }) => result)).toEqual([42, 8]);
  await expect.poll(() => worker.status.completed).toBe(2);
  expect((await fixture.client.getPromise({ id: other })).status).toBe('pending');
  await worker.stop();
  expect(worker.status).toMatchObject({ state: 'stopped', running: 0, unsettled: 0 });
});

test('takes tasks of defineTask: input, context, verdicts and failures', async () => {
  const fixture = await openClient();
  const seen: HandlerContext[] = [];
  const task = defineTask({
    type: 'steps',
    input: z.strictObject({ how: z.string() }),
    run: ({ how }, context) => {
      seen.push(context as unknown as HandlerContext);
      if (how === 'throws' && context.attempt === 1) throw new Error('not yet');
      if (how === 'goes on' && context.state === null) return continueWith({ page: 2 });
      if (how === 'snoozes' && seen.length === 1) return snooze(1);
      return { state: context.state, key: context.idempotencyKey };
    },
  });
  startWorker(fixture, [task]);
  const run = async (how: string) => {
    const id = await make(fixture, {
      type: 'steps',
      payload: { how },
      metadata: { a: 1 },
      backoff: { kind: 'fixed', delay: 1 },
    });
    return fixture.client.wait(id);
  };
  const snoozed = await run('snoozes');
  expect(snoozed).toMatchObject({ status: 'completed', attempt: 1 });
  expect(seen[0]).toMatchObject({
    type: 'steps',
    queue: 'work',
    metadata: { a: 1 },
    maxAttempts: 3,
  });
  expect(await run('goes on')).toMatchObject({ result: { state: { page: 2 } } });
  const tried = await run('throws');
  expect(tried).toMatchObject({ status: 'completed', attempt: 2 });
  expect(tried.failures).toMatchObject([{ error: { code: 'run-failed', message: 'not yet' } }]);
  const refused = await make(fixture, { type: 'steps', payload: { how: 1 } });
  expect(await fixture.client.wait(refused)).toMatchObject({
    status: 'failed',
    attempt: 1,
    error: { code: 'input-invalid' },
  });
});

test('runs no more at once than it may, and settles in batches', async () => {
  const fixture = await openClient();
  let [running, most] = [0, 0];
  const worker = startWorker(
    fixture,
    {
      double: async (n: number) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return n * 2;
      },
    },
    { concurrency: 4 },
  );
  const promises = Array.from({ length: 60 }, () => ({
    type: 'double',
    queue: 'work',
    payload: 1,
  }));
  await fixture.client.makePromises({ promises });
  await expect.poll(() => worker.status.completed, { timeout: 15_000 }).toBe(60);
  expect(most).toBe(4);
  const calls = fixture.asked.filter((one) => one.startsWith('POST /v1/settlements')).length;
  expect(calls).toBeLessThan(60);
});

test('keeps a long run by heartbeats with its progress, so that nobody else gets it', async () => {
  const fixture = await openClient();
  let finish = (_: number) => {};
  startWorker(
    fixture,
    {
      double: (n: number, { progress }: HandlerContext) => {
        progress(40, 'on the way');
        return new Promise((resolve) => {
          finish = resolve;
        }).then(() => n * 2);
      },
    },
    { leaseMs: 3_000 },
  );
  const id = await make(fixture);
  const get = () => fixture.client.getPromise({ id });
  await expect
    .poll(async () => (await get()).progress)
    .toEqual({ percent: 40, message: 'on the way' });
  const { startedAt, leaseExpiresAt } = await get();
  await expect
    .poll(async () => Date.parse((await get()).leaseExpiresAt ?? ''), { timeout: 10_000 })
    .toBeGreaterThan(Date.parse(startedAt ?? '') + 3_500);
  expect(leaseExpiresAt).not.toBeNull();
  finish(1);
  expect(await fixture.client.wait(id)).toMatchObject({ result: 42, attempt: 1, failures: [] });
});

test('aborts a run that was cancelled, and one that takes too long', async () => {
  const fixture = await openClient();
  const reasons: string[] = [];
  let begun = 0;
  const worker = startWorker(
    fixture,
    {
      double: (_: number, { signal }: HandlerContext) => {
        begun += 1;
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason.code);
            reject(signal.reason);
          });
        });
      },
    },
    { leaseMs: 1_000 },
  );
  const id = await make(fixture);
  await expect.poll(() => begun).toBe(1);
  await fixture.client.cancelPromise({ id });
  await expect.poll(() => reasons, { timeout: 5_000 }).toEqual(['lease-lost']);
  expect(worker.status).toMatchObject({ lost: 1, running: 0 });
  const late = await make(fixture, { timeout: 50, maxAttempts: 1 });
  expect(await fixture.client.wait(late)).toMatchObject({
    status: 'failed',
    error: { code: 'attempt-timeout' },
  });
});

test('stop lets runs end within its time, and hands back what does not', async () => {
  const fixture = await openClient();
  let end = () => {};
  let begun = 0;
  const handlers = {
    double: (n: number, { signal }: HandlerContext) => {
      begun += 1;
      if (n === 0) return new Promise((resolve) => signal.addEventListener('abort', resolve));
      return new Promise<number>((resolve) => {
        end = () => resolve(n * 2);
      });
    },
  };
  const worker = startWorker(fixture, handlers);
  const ids = [await make(fixture, { payload: 0 }), await make(fixture)];
  await expect.poll(() => begun).toBe(2);
  const stopped = worker.stop(300);
  end();
  await stopped;
  const [back, kept] = await Promise.all(ids.map((id) => fixture.client.getPromise({ id })));
  expect(back).toMatchObject({ status: 'pending', attempt: 0 });
  expect(kept).toMatchObject({ status: 'completed', result: 42 });
});

test('one promise that cannot be settled as it ended does not keep the others', async () => {
  const fixture = await openClient();
  startWorker(fixture, {
    double: (n: number) => (n === 0 ? 'x'.repeat(1_100_000) : n * 2),
  });
  const ids = [await make(fixture, { payload: 0 }), await make(fixture), await make(fixture)];
  const settled = await Promise.all(ids.map((id) => fixture.client.wait(id)));
  expect(settled.map(({ status }) => status)).toEqual(['failed', 'completed', 'completed']);
  expect(settled[0]?.error?.code).toBe('payload-too-large');
});

test('a running promise says which version of its handler has it', async () => {
  const fixture = await openClient();
  let release = () => {};
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  const double = defineTask({
    type: 'double',
    version: '2026.11',
    input: z.number(),
    run: async (n) => {
      await opened;
      return 2 * n;
    },
  });
  startWorker(fixture, [double]);
  const id = await make(fixture);
  const running = () => fixture.client.getPromise({ id });
  await expect.poll(async () => (await running()).status).toBe('in_progress');
  expect(await running()).toMatchObject({ handlerVersion: '2026.11' });
  release();
  expect(await fixture.client.wait(id)).toMatchObject({ result: 42, handlerVersion: null });
});
