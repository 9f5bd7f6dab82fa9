import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/db/index.js';
import { told } from '../http/fixture.js';
import { freePort } from '../support/free-port.js';
import { tempDir } from '../support/temp-dir.js';
import { startTarget } from './target.js';

const ROOT = new URL('../..', import.meta.url).pathname;

/** Starts the development script, without its cron: the tests fire it. It resolves when it has said where everything is. */
async function startEdge(directory: string) {
  const port = await freePort();
  const args = ['--import', 'tsx', 'scripts/dev-edge.ts', directory, '--no-cron'];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, PORT: String(port) },
  });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('To fire it now')) resolve();
      });
    }
    child.once('close', (code) => reject(new Error(`ended with ${code}:\n${output}`)));
  });
  return { url: `http://127.0.0.1:${port}`, databases: databasesIn(output), child, ended };
}

function databasesIn(output: string): string[] {
  return /^Databases: (\S+) and ([^\s,]+)/m.exec(output)?.slice(1) ?? [];
}

/** Sends requests with the key that was made for local use. */
function askerOf(directory: string, url: string) {
  const key = readFileSync(join(directory, 'api-key'), 'utf8').trim();
  return async (method: string, path: string, body?: unknown) =>
    told(
      await fetch(`${url}${path}`, {
        method,
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
}

/** What the platform does once a minute; resolves when the Worker has done its tick. */
async function fireCron(url: string): Promise<void> {
  const fired = await fetch(`${url}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`);
  expect(fired.status).toBe(200);
}

test('the edge on one machine keeps promises, fires its cron, and leaves nothing behind', async () => {
  const directory = tempDir();
  const target = await startTarget((_call, response) => {
    response.writeHead(201, { 'Content-Type': 'application/json' }).end('{"id":7}');
  });
  const { url, databases, child, ended } = await startEdge(directory);
  const ask = askerOf(directory, url);
  const payload = { url: target.url, body: { order: 7 } };
  const made = await ask('POST', '/v1/promises', { type: 'webhook', payload });
  expect(made.status).toBe(201);
  const kept = await ask('GET', `/v1/promises/${made.body.id}?wait=20s`);
  expect(kept.body).toMatchObject({
    status: 'completed',
    result: { status: 201, body: { id: 7 } },
  });
  expect(target.calls[0]?.body).toEqual({ order: 7 });

  await fireCron(url);
  const { body: runs } = await ask('GET', '/v1/maintenance/runs?task=checkpoint');
  expect(runs.data[0]).toMatchObject({ outcome: 'completed' });
  const large = await ask('POST', '/v1/promises', { type: 'echo', payload: 'x'.repeat(2_000_000) });
  expect(large.status).toBe(413);

  child.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
  expect(databases).toHaveLength(2);
  for (const place of [url, ...databases])
    await expect(fetch(place)).rejects.toThrow('fetch failed');
});

test('the cron recovers and cleans up when their time has come, and not before', async () => {
  const directory = tempDir();
  const { url, databases } = await startEdge(directory);
  const ask = askerOf(directory, url);
  const [queue, system] = await Promise.all(
    (['queue', 'system'] as const).map((name, at) =>
      openDatabase({ name, url: databases[at] ?? '', profile: name }),
    ),
  );
  onTestFinished(async () => {
    await Promise.all([queue?.close(), system?.close()]);
  });
  const runsOf = async (task: string) =>
    (await ask('GET', `/v1/maintenance/runs?task=${task}`)).body.data;
  await fireCron(url);
  const before = { recovery: await runsOf('recovery'), cleanup: await runsOf('cleanup') };
  expect([before.recovery.length, before.cleanup.length]).toEqual([1, 1]);

  const make = async (promise: object) =>
    (await ask('POST', '/v1/promises', { type: 'of-others', queue: 'lost', ...promise })).body.id;
  const parent = await make({});
  const child = await make({ dependsOn: [parent] });
  const held = await make({ type: 'held' });
  await ask('POST', '/v1/queues/lost/claim', { worker: 'w-1', lease: '1h', types: ['held'] });
  // The parent was settled and its dependents were never told; the worker is gone with its lease.
  const settled = "UPDATE promises SET status = 'completed', settled_at = created_at WHERE id = ?1";
  const silent = 'UPDATE promises SET lease_expires_at = created_at WHERE id = ?1';
  await queue?.write([
    { sql: settled, args: [parent] },
    { sql: silent, args: [held] },
  ]);
  const kept = await Promise.all(
    [1, 2, 3].map((n) => make({ type: 'echo', queue: 'kept', payload: n })),
  );
  for (const id of kept) await ask('GET', `/v1/promises/${id}?wait=20s`);
  await ask('PUT', '/v1/queues/kept', { retention: { completed: { count: 1 } } });

  await fireCron(url);
  expect([await runsOf('recovery'), await runsOf('cleanup')]).toEqual(Object.values(before));
  expect((await ask('GET', `/v1/promises/${child}`)).body.status).toBe('waiting');
  expect((await ask('GET', '/v1/promises?queue=kept')).body.data).toHaveLength(3);

  // 5 and 30 minutes go by: what was due next is due now.
  const passed =
    "UPDATE maintenance_schedule SET next_due_at = next_due_at - interval_ms WHERE task IN ('recovery', 'cleanup')";
  await system?.write([{ sql: passed }]);
  await fireCron(url);
  for (const task of ['recovery', 'cleanup'] as const) {
    const [run, ...earlier] = await runsOf(task);
    expect(run).toMatchObject({ task, trigger: 'schedule', outcome: 'completed' });
    expect(earlier).toEqual(before[task]);
  }
  expect((await ask('GET', `/v1/promises/${child}`)).body.status).toBe('pending');
  const { body: told } = await ask('GET', `/v1/maintenance/recoveries?promise=${child}`);
  expect(told.data).toMatchObject([{ reason: 'parents-settled', decision: 'run-again' }]);
  const { body: lost } = await ask('GET', `/v1/maintenance/recoveries?promise=${held}`);
  expect(lost.data).toMatchObject([
    { reason: 'claim-silent', worker: 'w-1', decision: 'run-again' },
  ]);
  expect((await ask('GET', '/v1/promises?queue=kept')).body.data).toHaveLength(1);
});
