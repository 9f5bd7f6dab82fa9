import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Client, createClient } from '../../src/client/index.js';
import { collect, runCommand, spawnCommand, startProcess } from '../story/server-process.js';
import { AS_ONE_FILE, COMMAND } from '../support/command.js';
import { freePort } from '../support/free-port.js';
import { tempDir } from '../support/temp-dir.js';

/** Notes each run in a file; the payload says how long it takes, and whether only the first worker hangs. */
const HANDLERS = `
import { appendFileSync } from 'node:fs';
type Context = { readonly id: string; readonly signal: AbortSignal };
export default {
  note: async ({ ms, hangsIn }: { ms: number; hangsIn?: string }, { id, signal }: Context) => {
    appendFileSync('runs.txt', id + '\\n');
    const isHanging = hangsIn !== undefined && hangsIn === process.env.WORKER;
    await new Promise<void>((resolve, reject) => {
      setTimeout(resolve, isHanging ? 600_000 : ms);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    return { ms };
  },
};
`;

const WAIT = { timeout: 20_000 };

interface WorkerProcess {
  readonly child: ChildProcess;
  output(): string;
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

function directoryWithHandlers(): string {
  const directory = tempDir();
  writeFileSync(join(directory, 'handlers.ts'), HANDLERS);
  return directory;
}

function startWork(
  directory: string,
  { url, key }: { readonly url: string; readonly key: string },
  args: readonly string[] = [],
  name = 'w',
  command = AS_ONE_FILE,
): WorkerProcess {
  const given = ['work', '--url', url, '--queue', 'pulled', '--handlers', './handlers.ts', ...args];
  const child = spawnCommand(given, directory, { HOLDFAST_API_KEY: key, WORKER: name }, command);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return {
    child,
    output: collect(child),
    async end(signal) {
      const gone = once(child, 'exit');
      child.kill(signal);
      const [code, endedBy] = await gone;
      return code ?? endedBy;
    },
  };
}

const make = async (client: Client, count: number, payload: { ms: number; hangsIn?: string }) => {
  const promises = Array.from({ length: count }, () => ({
    type: 'note',
    queue: 'pulled',
    payload,
  }));
  const { results } = await client.makePromises({ promises });
  return results.map((one) => ('id' in one ? one.id : expect.fail('refused')));
};

function runs(directory: string): string[] {
  const path = join(directory, 'runs.txt');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

const settled = (client: Client, ids: readonly string[]) =>
  Promise.all(ids.map((id) => client.wait(id)));

test('says what is wrong with its arguments, its file and its key, and exits with 1', async () => {
  const directory = directoryWithHandlers();
  const server = await startProcess(directory);
  const run = (...args: string[]) =>
    runCommand(['work', '--url', server.url, ...args], directory, {
      HOLDFAST_API_KEY: 'x'.repeat(40),
    });
  expect(await run('--handlers', './none.ts')).toMatchObject({ code: 1 });
  const lease = await run('--handlers', './handlers.ts', '--lease', 'long');
  expect([lease.code, lease.output]).toEqual([1, expect.stringContaining('--lease: must be')]);
  const refused = await run('--handlers', './handlers.ts');
  expect([refused.code, refused.output]).toEqual([
    1,
    expect.stringContaining('the server refuses'),
  ]);
});

test('a server that is killed in the middle and comes back finds a worker that has lost nothing', async () => {
  const directory = directoryWithHandlers();
  const PORT = String(await freePort());
  const first = await startProcess(directory, { PORT });
  const client = createClient({ url: first.url, key: first.key, retries: 20 });
  const ids = await make(client, 150, { ms: 60 });
  const worker = startWork(directory, first, ['--concurrency', '8']);
  await expect.poll(() => runs(directory).length, WAIT).toBeGreaterThan(30);
  expect(await first.end('SIGKILL')).toBe('SIGKILL');
  await expect.poll(() => worker.output(), WAIT).toContain('server-away');
  const second = await startProcess(directory, { PORT });
  expect(second.url).toBe(first.url);
  const promises = await settled(client, ids);
  for (const promise of promises) {
    expect(promise).toMatchObject({ status: 'completed', result: { ms: 60 } });
  }
  expect(worker.output()).toContain('server-back');
  // What was running went on: nothing was run again because the server was away for less than a lease.
  expect(runs(directory).length).toBe(ids.length);
  expect(promises.every(({ failures }) => failures.length === 0)).toBe(true);
  expect(await worker.end('SIGTERM')).toBe(0);
});

test('what a killed worker held is taken over by another', async () => {
  const directory = directoryWithHandlers();
  const server = await startProcess(directory);
  const client = createClient(server);
  const held = await make(client, 4, { ms: 10, hangsIn: 'first' });
  const first = startWork(directory, server, ['--lease', '5s', '--name', 'first'], 'first');
  await expect.poll(() => runs(directory).length, WAIT).toBe(4);
  startWork(directory, server, ['--lease', '5s', '--name', 'second'], 'second');
  const more = await make(client, 10, { ms: 10 });
  await settled(client, more);
  expect(await first.end('SIGKILL')).toBe('SIGKILL');
  for (const promise of await settled(client, held)) {
    expect(promise).toMatchObject({ status: 'completed', attempt: 1 });
    expect(promise.failures).toMatchObject([{ error: { code: 'lease-expired' } }]);
  }
});

test('SIGTERM lets what runs end, hands the rest back, and exits with 0', async () => {
  const directory = directoryWithHandlers();
  const server = await startProcess(directory);
  const client = createClient(server);
  const [short = '', long = ''] = [
    ...(await make(client, 1, { ms: 500 })),
    ...(await make(client, 1, { ms: 500, hangsIn: 'w' })),
  ];
  const worker = startWork(directory, server, ['--drain', '5s'], 'w', COMMAND);
  await expect.poll(() => runs(directory).length, WAIT).toBe(2);
  expect(await worker.end('SIGTERM')).toBe(0);
  expect(await client.getPromise({ id: short })).toMatchObject({ status: 'completed' });
  expect(await client.getPromise({ id: long })).toMatchObject({ status: 'pending', attempt: 0 });
  const records = worker
    .output()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records.at(-1)).toMatchObject({ code: 'stopped', completed: 1, running: 0 });
});

test('a server that stops ends its streams, and a client goes on when it is back', async () => {
  const directory = directoryWithHandlers();
  const PORT = String(await freePort());
  const first = await startProcess(directory, { PORT });
  const client = createClient({ url: first.url, key: first.key, retries: 20 });
  const { nextCursor: after } = await client.listEvents({ after: 'now' });
  const events = client.events({ kinds: ['completed'], after });
  const next = events.next();
  const before = await client.makePromise({ type: 'echo' });
  await client.wait(before.id);
  expect(await first.end('SIGTERM')).toBe(0);
  await startProcess(directory, { PORT });
  const later = await client.makePromise({ type: 'echo' });
  expect((await next).value).toMatchObject({ promise: before.id });
  expect((await events.next()).value).toMatchObject({ promise: later.id });
  await events.return();
});
