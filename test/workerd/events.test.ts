import { expect, test } from 'vitest';
import { ApiError, createClient, Worker } from '../../src/client/index.js';
import { invoke, settings } from './fixture.js';

/** Calls of a client are invocations of the Worker; what they do behind the answer is waited for. */
const behind: Promise<void>[] = [];
const client = createClient({
  url: 'https://holdfast.test',
  key: settings.HOLDFAST_API_KEY,
  fetch: async (input, init) => {
    const { response, done } = await invoke(new Request(String(input), init as RequestInit));
    behind.push(done());
    return response;
  },
});

test('the client makes, waits and is refused inside workerd', async () => {
  const { id } = await client.makePromise({ type: 'echo', payload: 'é' });
  expect(await client.wait(id)).toMatchObject({ status: 'completed', result: 'é' });
  await expect(client.getPromise({ id: 'x' })).rejects.toBeInstanceOf(ApiError);
  await Promise.all(behind);
});

test('events are told as a stream that ends within the limits of the edge, and the client goes on', async () => {
  const { id } = await client.makePromise({ type: 'echo', payload: 1 });
  const kinds: string[] = [];
  for await (const { kind, promise } of client.events({ promise: id })) {
    expect(promise).toBe(id);
    kinds.push(kind);
    if (kind === 'completed') break;
  }
  expect(kinds).toEqual(['made', 'claimed', 'completed']);
  await Promise.all(behind);
});

test('a callback of what a pull worker settles is sent behind the answer', async () => {
  // Nobody listens there, and that is what the delivery says.
  const made = await client.makePromise({
    type: 'pulled',
    queue: 'callback-test',
    callbackUrl: 'http://127.0.0.1:9/told',
  });
  const pull = new Worker({
    client,
    queue: 'callback-test',
    handlers: { pulled: () => 'done' },
    waitMs: 0,
  });
  pull.start();
  await client.wait(made.id);
  await pull.stop();
  await Promise.all(behind);
  const { data } = await client.listPromises({ type: 'callback', queue: 'callbacks' });
  expect(data).toMatchObject([{ type: 'callback', error: { code: 'target-unreachable' } }]);
});
