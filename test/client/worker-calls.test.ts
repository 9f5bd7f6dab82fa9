import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import {
  type Client,
  createClient,
  type HandlerContext,
  type Handlers,
  snooze,
  Worker,
  type WorkerOptions,
} from '../../src/client/index.js';
import { createLog } from '../../src/core/index.js';
import { defineBatchTask, defineTask } from '../../src/index.js';
import { type ClientFixture, openClient } from './fixture.js';

function startWorker(
  { client }: Pick<ClientFixture, 'client'>,
  handlers: Handlers,
  options: Partial<WorkerOptions> = {},
): Worker {
  const worker = new Worker({ client, queue: 'work', handlers, ...options });
  worker.start();
  onTestFinished(() => worker.stop(0));
  return worker;
}

const index = (calls: number[][]) =>
  defineBatchTask({
    type: 'index',
    input: z.int(),
    sizeMax: 3,
    run: async (items) => {
      calls.push(items.map(({ input }) => input));
      return items.map(({ input, attempt }) => {
        if (input === 0) return snooze(60_000);
        if (input < 0 && attempt === 1) return new Error('below');
        return input * 2;
      });
    },
  });

test('a batch task is given what is due in calls of its size, and each item ends as it says', async () => {
  const { client } = await openClient();
  const payloads = [1, 2, -3, 0, 5, 'none', 7];
  const promises = payloads.map((payload) => ({
    type: 'index',
    queue: 'work',
    payload,
    backoff: { kind: 'fixed', delay: 1 } as const,
  }));
  const { results } = await client.makePromises({ promises });
  const calls: number[][] = [];
  const worker = startWorker({ client }, [index(calls)]);
  const ids = results.map((one) => ('id' in one ? one.id : expect.fail('refused')));
  await expect.poll(() => worker.status).toMatchObject({ completed: 5, other: 1, running: 0 });
  const kept = await Promise.all(ids.map((id) => client.getPromise({ id })));
  expect(kept.map(({ status, result }) => [status, result])).toEqual([
    ['completed', 2],
    ['completed', 4],
    ['completed', -6],
    ['pending', null],
    ['completed', 10],
    ['failed', null],
    ['completed', 14],
  ]);
  expect(kept[2]?.failures).toMatchObject([{ error: { message: 'below' } }]);
  expect(kept[5]?.error).toMatchObject({ code: 'input-invalid' });
  expect(Math.max(...calls.map(({ length }) => length))).toBeLessThanOrEqual(3);
  expect(calls.length).toBeLessThan(7);
});

test('a batch of another length fails all of its promises', async () => {
  const { client } = await openClient();
  const make = { type: 'index', queue: 'work', payload: 1, maxAttempts: 1 };
  const { id } = await client.makePromise(make);
  startWorker({ client }, [{ type: 'index', sizeMax: 2, run: () => [] }]);
  const { error } = await client.wait(id);
  expect(error?.message).toContain('one outcome an item: 1 (received 0)');
});

const part = defineTask({ type: 'part', input: z.int(), run: (n) => n });
const whole = defineTask({
  type: 'whole',
  input: z.int(),
  run: (n, { enqueue, attempt, id }) => {
    const parts = Array.from({ length: n }, (_, at) => enqueue(part, at, { queue: 'work' }));
    enqueue('sum', { of: id }, { queue: 'work', dependsOn: parts, tags: ['sum'] });
    if (attempt === 1) throw new Error('once');
    return { parts };
  },
});

test('what a run makes is made with its completion, once, however often it was tried', async () => {
  const { client } = await openClient();
  const { id } = await client.makePromise({
    type: 'whole',
    queue: 'work',
    payload: 2,
    backoff: { kind: 'fixed', delay: 1 },
  });
  const sum = async (_: unknown, { parents }: HandlerContext) =>
    (await parents()).map(({ result }) => result);
  startWorker({ client }, [whole, part, { type: 'sum', run: sum }]);
  const { result } = await client.wait(id);
  const { parts } = result as { parts: string[] };
  for (const [at, one] of parts.entries()) expect((await client.wait(one)).result).toBe(at);
  const { data } = await client.listPromises({ tag: 'sum' });
  expect(data).toHaveLength(1);
  expect((await client.wait(data[0]?.id ?? '')).result).toEqual([0, 1]);
  expect((await client.listPromises({ type: 'part' })).data).toHaveLength(2);
});

test('what cannot be made fails its run for good, and makes nothing', async () => {
  const { client } = await openClient({ tasks: [part] });
  const handlers = {
    wrong: (payload: { fields: object; of: unknown }, { enqueue }: HandlerContext) => {
      enqueue('fine', 1);
      enqueue('part', payload.of as never, payload.fields);
      return 'done';
    },
  };
  startWorker({ client }, handlers);
  const run = async (of: unknown, fields: object) => {
    const { id } = await client.makePromise({
      type: 'wrong',
      queue: 'work',
      payload: { of, fields } as never,
    });
    return client.wait(id);
  };
  expect((await run('three', {})).error).toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining('payload'),
  });
  expect((await run(1, { priority: 99 })).error?.code).toBe('input-invalid');
  const debounced = await run(1, { key: 'k', debounce: { wait: 1 } });
  expect(debounced).toMatchObject({ status: 'failed', attempt: 1 });
  expect(debounced.error?.message).toContain('a run can only make new ones');
  expect((await client.listPromises({ type: 'fine' })).data).toEqual([]);
});

test('a key makes what it may: with `produce`, in its own queues and of its own tenant', async () => {
  const { client, url } = await openClient();
  const keyOf = async (fields: object) => {
    const made = { name: 'k', scopes: ['consume', 'read'] as never, ...fields };
    return createClient({ url, key: (await client.makeKey(made)).key ?? '' });
  };
  const make = (_: unknown, { enqueue }: HandlerContext) => [enqueue('child', 1, { queue: 'out' })];
  const only = await keyOf({ queues: ['work'] });
  const { id } = await client.makePromise({ type: 'a', queue: 'work' });
  const stopped = startWorker({ client: only }, { a: make });
  expect((await client.wait(id)).error).toMatchObject({ code: 'forbidden' });
  await stopped.stop();
  const both = await keyOf({ queues: ['work'], scopes: ['consume', 'produce', 'read'] });
  startWorker({ client: both }, { b: make });
  const second = await client.makePromise({ type: 'b', queue: 'work' });
  expect((await client.wait(second.id)).error).toMatchObject({ code: 'forbidden' });
  expect((await client.listPromises({ type: 'child' })).data).toEqual([]);

  const acme = await keyOf({ tenant: 'acme', scopes: ['admin'] });
  startWorker({ client: acme }, { a: make });
  const third = await acme.makePromise({ type: 'a', queue: 'work' });
  const [child = ''] = (await acme.wait(third.id)).result as string[];
  expect(await acme.getPromise({ id: child })).toMatchObject({ queue: 'out', type: 'child' });
  await expect(client.getPromise({ id: child })).rejects.toMatchObject({ code: 'not-found' });
});

test('several queues are pulled as one, first priorities first', async () => {
  const { client } = await openClient();
  for (const [at, queue] of ['b', 'a', 'c', 'other'].entries()) {
    await client.makePromise({ type: 'see', queue, priority: 5 - at, payload: queue });
  }
  const seen: string[] = [];
  const see = (queue: string) => void seen.push(queue);
  startWorker({ client }, { see }, { queue: ['a', 'b', 'c'], concurrency: 1 });
  await expect.poll(() => seen).toEqual(['c', 'a', 'b']);
});

test('a type with places of its own takes none from the others, and no more than it has', async () => {
  const { client } = await openClient();
  const ends: (() => void)[] = [];
  const most = new Map<string, number>();
  const running = new Map<string, number>();
  const hold = (_: unknown, { type }: HandlerContext) => {
    running.set(type, (running.get(type) ?? 0) + 1);
    most.set(type, Math.max(most.get(type) ?? 0, running.get(type) ?? 0));
    return new Promise<void>((resolve) => {
      ends.push(() => {
        running.set(type, (running.get(type) ?? 0) - 1);
        resolve();
      });
    });
  };
  const promises = ['heavy', 'light'].flatMap((type) =>
    Array.from({ length: 4 }, () => ({ type, queue: 'work' })),
  );
  await client.makePromises({ promises });
  const options = { concurrency: 2, places: { heavy: 1 } };
  const worker = startWorker({ client }, { heavy: hold, light: hold }, options);
  await expect.poll(() => worker.status.running).toBe(3);
  expect(worker.status.runs.map(({ type }) => type).sort()).toEqual(['heavy', 'light', 'light']);
  await expect
    .poll(() => {
      for (const end of ends.splice(0)) end();
      return worker.status.completed;
    })
    .toBe(8);
  expect(Object.fromEntries(most)).toEqual({ heavy: 1, light: 2 });
});

test('what it did not ask for is not run, whatever the service gives', async () => {
  const { client } = await openClient();
  const lines: string[] = [];
  const careless = {
    ...client,
    claimPromises: (...[{ types: _, ...asked }, options]: Parameters<Client['claimPromises']>) =>
      client.claimPromises(asked, options),
  };
  const handlers = { fine: () => 'kept' };
  startWorker({ client: careless }, handlers, {
    log: createLog('info', (line) => lines.push(line)),
  });
  const other = await client.makePromise({ type: 'constructor', queue: 'work' });
  const fine = await client.makePromise({ type: 'fine', queue: 'work' });
  expect((await client.wait(fine.id)).result).toBe('kept');
  await expect.poll(() => lines.join()).toContain(`"not-allowed","promise":"${other.id}"`);
  expect(await client.getPromise({ id: other.id })).toMatchObject({ status: 'in_progress' });
});
