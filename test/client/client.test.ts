import { readFileSync } from 'node:fs';
import { expect, expectTypeOf, test } from 'vitest';
import { OPERATIONS } from '../../functions/http/contract.js';
import { clientContract } from '../../scripts/client-contract.js';
import { ROUTES } from '../../src/client/contract.js';
import { ApiError, createClient, HoldfastError, type PromiseMade } from '../../src/client/index.js';
import { fill } from '../transfer/round-trip.suite.js';
import { openClient } from './fixture.js';

test('the contract is the one of the service: npm run client-contract makes it', () => {
  const file = readFileSync(new URL('../../src/client/contract.ts', import.meta.url), 'utf8');
  expect(file.split('\n')[0]).toBe(clientContract().split('\n')[0]);
  expect(Object.keys(ROUTES)).toEqual(
    OPERATIONS.filter(({ enter }) => enter === undefined).map(({ id }) => id),
  );
});

test('no field of an operation stands in its path, its query and its body', () => {
  for (const { id, query, body, path } of OPERATIONS) {
    const parts = [query, body].map((schema) => Object.keys(shapeOf(schema)));
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const all = [...names, ...parts.flat()];
    expect([id, all.length]).toEqual([id, new Set(all).size]);
  }
});

function shapeOf(schema: unknown): object {
  const { shape, def } = (schema ?? {}) as { shape?: object; def?: { in?: unknown } };
  return shape ?? (def?.in === undefined ? {} : shapeOf(def.in));
}

test('an operation is a method: path, query and body in one', async () => {
  const { client, service, asked } = await openClient();
  const made = await client.makePromise({ type: 'echo', payload: { a: 1 }, queue: 'a:b' });
  expectTypeOf(made).toEqualTypeOf<PromiseMade>();
  expect(made).toMatchObject({ status: 'pending', deduplicated: false });
  await service.keep();
  const settled = await client.wait(made.id);
  expect(settled).toMatchObject({ status: 'completed', result: { a: 1 }, failures: [] });
  const { data } = await client.listPromises({ status: 'completed', limit: 5 });
  expect(data.map(({ id }) => id)).toEqual([made.id]);
  await client.setQueue({ queue: 'a:b', concurrency: 3 });
  expect(await client.getQueue({ queue: 'a:b' })).toMatchObject({ concurrency: 3 });
  expect(asked).toContain('PUT /v1/queues/a%3Ab');
  expect(await client.isLive()).toMatchObject({});
});

test('a refusal is an ApiError with its code, its status and its problem', async () => {
  const { client } = await openClient();
  const refused = await client.getPromise({ id: 'x' }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ApiError);
  expect(refused).toMatchObject({ code: 'not-found', status: 404, retryable: false });
  const invalid = await client
    .makePromise({ type: 'echo', priority: 11 })
    .catch((error: unknown) => error);
  expect(invalid).toBeInstanceOf(HoldfastError);
  expect(invalid).toMatchObject({
    code: 'input-invalid',
    problem: { issues: [{ path: 'priority' }] },
  });
});

test('a lost answer is asked for again, and nothing is made twice', async () => {
  let lost = 0;
  const { client, service } = await openClient({
    client: {
      random: () => 0,
      fetch: async (...asked) => {
        const response = await fetch(...asked);
        if (lost >= 2) return response;
        lost += 1;
        await response.body?.cancel();
        throw new TypeError('the connection was reset');
      },
    },
  });
  const { id } = await client.makePromise({ type: 'mail' });
  const { data } = await client.listPromises({});
  expect(data.map((promise) => promise.id)).toEqual([id]);
  lost = 0;
  const taken = await client.claimPromises({
    queue: 'default',
    worker: 'w',
    token: crypto.randomUUID(),
  });
  expect(taken.claims).toMatchObject([{ id, fence: 1, idempotencyKey: `${id}.0` }]);
  lost = 0;
  await client.completePromise({ id, fence: 1, result: 7 });
  lost = 0;
  await expect(client.retryPromise({ id })).rejects.toMatchObject({ code: 'target-unreachable' });
  expect(await service.services.store.get(id)).toMatchObject({ epoch: 1 });
});

test('503 is waited for as it asks, other refusals are not asked for again', async () => {
  const answers = [503, 429, 422];
  const pauses: number[] = [];
  const client = createClient({
    url: 'https://holdfast.test/',
    key: 'k',
    fetch: async () =>
      new Response('{"code":"database-busy","detail":"busy"}', {
        status: answers.shift() ?? 200,
        headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '2' },
      }),
    random: () => 0.5,
    clock: {
      now: () => 0,
      monotonic: () => 0,
      sleep: async (ms) => {
        pauses.push(ms);
      },
    },
  });
  await expect(client.listQueues({})).rejects.toMatchObject({ status: 422 });
  expect(pauses).toEqual([2_100, 2_200]);
});

test('an aborted call rejects with the reason', async () => {
  const { client } = await openClient();
  const { id } = await client.makePromise({ type: 'mail' });
  const stop = new AbortController();
  const waiting = client.wait(id, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});

test('events come as they happen, and go on after the connection broke', async () => {
  let opened = 0;
  const { client, service } = await openClient({
    client: {
      random: () => 0,
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        if (!String(input).includes('/events') || opened++ > 0) return response;
        // The first event, then nothing more.
        const reader = response.body!.getReader();
        let isOver = false;
        const cut = new ReadableStream({
          async pull(controller) {
            if (isOver) return controller.error(new TypeError('reset'));
            const { value } = await reader.read();
            isOver = new TextDecoder().decode(value).includes('event: made');
            controller.enqueue(value);
          },
        });
        return new Response(cut, response);
      },
    },
  });
  const seen: string[] = [];
  const { id } = await client.makePromise({ type: 'echo' });
  const events = client.events({ promise: id });
  for await (const { kind, promise } of events) {
    expect(promise).toBe(id);
    seen.push(kind);
    if (kind === 'made') await service.keep();
    if (kind === 'completed') break;
  }
  expect(seen).toEqual(['made', 'claimed', 'completed']);
  expect(opened).toBeGreaterThan(1);
});

test('an export is a stream, and is brought in as text, as bytes, or as a blob', async () => {
  const { client, service } = await openClient();
  await fill(service.services.queue);
  const stream = await client.exportLines();
  expectTypeOf(stream).toEqualTypeOf<ReadableStream<Uint8Array>>();
  const text = await new Response(stream).text();
  const other = await openClient();
  const checked = await other.client.importLines({ lines: text, check: 'true' });
  expect(checked).toMatchObject({ lines: { promise: 9 }, report: null });
  const bytes = new TextEncoder().encode(text);
  const done = await other.client.importLines({ lines: bytes });
  expect(done.report?.promise).toMatchObject({ imported: 9 });
  const again = await other.client.importLines({ lines: new Blob([text]) });
  expect(again.report?.promise).toMatchObject({ known: 9 });
  const cut = other.client.importLines({ lines: text.slice(0, -5) });
  await expect(cut).rejects.toMatchObject({ code: 'input-invalid', status: 422 });
});
