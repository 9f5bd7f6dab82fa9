import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AS_ONE_FILE, COMMAND } from '../support/command.js';
import { type Sqld, startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';
import { type ServerProcess, startProcess } from './server-process.js';
import { startTarget } from './target.js';

const QUICK = { kind: 'fixed', delay: '20ms' };

async function make(server: ServerProcess, fields: Record<string, unknown>): Promise<string> {
  const { status, body } = await server.ask('POST', '/v1/promises', fields);
  expect(status).toBe(201);
  return body.id;
}

async function settled(server: ServerProcess, id: string) {
  return (await server.ask('GET', `/v1/promises/${id}?wait=30s`)).body;
}

describe.each(['files', 'libsql-server'] as const)('on %s', (place) => {
  let servers: readonly Sqld[] = [];

  beforeAll(async () => {
    if (place === 'libsql-server') servers = await Promise.all([startSqld(), startSqld()]);
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  async function start(directory: string, env: Record<string, string> = {}) {
    const [queue, system] = servers;
    if (queue === undefined || system === undefined) return startProcess(directory, env, COMMAND);
    const databases = { QUEUE_DATABASE_URL: queue.url, SYSTEM_DATABASE_URL: system.url };
    return startProcess(directory, { ...databases, ...env }, AS_ONE_FILE);
  }

  test('a webhook is called, and its answer is the result', async () => {
    const target = await startTarget((_call, response) => {
      response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"ok":true}');
    });
    const server = await start(tempDir());
    const id = await make(server, {
      type: 'webhook',
      payload: { url: `${target.url}/hook`, body: { order: 7 } },
    });
    const promise = await settled(server, id);
    expect(promise).toMatchObject({ status: 'completed', attempt: 1, failures: [] });
    expect(promise.result).toMatchObject({ status: 202, body: { ok: true } });
    expect(target.calls[0]?.body).toEqual({ order: 7 });
    expect(target.calls[0]?.headers['holdfast-promise-id']).toBe(id);
  });

  test('a target that answers 500 is called three times; then the promise has failed, and can be retried', async () => {
    let isWell = false;
    const target = await startTarget((_call, response) => {
      response.writeHead(isWell ? 200 : 500).end(isWell ? 'well' : 'ill');
    });
    const server = await start(tempDir());
    const id = await make(server, {
      type: 'webhook',
      payload: { url: target.url },
      backoff: { kind: 'exponential', delay: '20ms' },
    });
    const failed = await settled(server, id);
    expect(failed).toMatchObject({
      status: 'failed',
      attempt: 3,
      error: { code: 'response-not-ok' },
    });
    expect(failed.failures.map(({ attempt }: { attempt: number }) => attempt)).toEqual([1, 2, 3]);
    expect(target.calls).toHaveLength(3);
    isWell = true;
    expect((await server.ask('POST', `/v1/promises/${id}/retry`)).status).toBe(200);
    expect(await settled(server, id)).toMatchObject({
      status: 'completed',
      result: { status: 200 },
    });
  });

  test('delay, runAt, priority, maxAttempts, key and timeout are heeded', async () => {
    const unanswered: ServerResponse[] = [];
    const target = await startTarget((_call, response) => {
      unanswered.push(response);
    });
    const server = await start(tempDir(), { HOLDFAST_CONCURRENCY: '1' });
    const delayed = await make(server, { type: 'echo', delay: '300ms' });
    const dated = await make(server, {
      type: 'echo',
      runAt: new Date(Date.now() + 300).toISOString(),
    });
    for (const id of [delayed, dated]) {
      const { status, startedAt, runAt } = await settled(server, id);
      expect(status).toBe('completed');
      expect(Date.parse(startedAt)).toBeGreaterThanOrEqual(Date.parse(runAt));
    }
    const slow = await make(server, {
      type: 'webhook',
      payload: { url: target.url },
      timeout: '1s',
      maxAttempts: 2,
      backoff: QUICK,
    });
    await target.called(1);
    const promises = [9, 1].map((priority) => ({ type: 'echo', priority }));
    const { body } = await server.ask('POST', '/v1/promises/batch', { promises });
    const [low, high] = body.results.map((result: { id: string }) => result.id);
    expect(await settled(server, slow)).toMatchObject({
      status: 'failed',
      attempt: 2,
      error: { code: 'attempt-timeout' },
    });
    const [first, last] = [await settled(server, high), await settled(server, low)];
    expect(Date.parse(first.startedAt)).toBeLessThanOrEqual(Date.parse(last.startedAt));
    const key = { type: 'echo', key: `order-${place}` };
    const id = await make(server, key);
    const again = await server.ask('POST', '/v1/promises', key);
    expect([again.status, again.body.id, again.body.deduplicated]).toEqual([200, id, true]);
  });

  test('SIGKILL in the middle of a promise loses nothing: the next server recovers and keeps it', async () => {
    const hanging: ServerResponse[] = [];
    const target = await startTarget((call, response) => {
      if (call === 1) hanging.push(response);
      else response.end('kept');
    });
    const directory = tempDir();
    const first = await start(directory, { HOLDFAST_LEASE: '1s' });
    const id = await make(first, { type: 'webhook', payload: { url: target.url } });
    await target.called(1);
    const later = await make(first, { type: 'echo', delay: '1s' });
    expect(await first.end('SIGKILL')).toBe('SIGKILL');

    const second = await start(directory);
    expect(await settled(second, id)).toMatchObject({
      status: 'completed',
      result: { body: 'kept' },
    });
    const [crash] = (await second.ask('GET', `/v1/promises/${id}`)).body.failures;
    expect(crash.error.code).toBe('lease-expired');
    expect((await settled(second, later)).status).toBe('completed');
  });

  test('SIGTERM lets what runs end, answers who waits, and exits with 0', async () => {
    const target = await startTarget((_call, response) => {
      setTimeout(() => response.end('in time'), 500);
    });
    const directory = tempDir();
    const first = await start(directory);
    const id = await make(first, { type: 'webhook', payload: { url: target.url } });
    const later = await make(first, { type: 'echo', delay: '10m' });
    await target.called(1);
    const waiting = first.ask('GET', `/v1/promises/${later}?wait=1m`);
    await first.ask('GET', '/healthz');
    expect(await first.end('SIGTERM')).toBe(0);
    expect((await waiting).body.status).toBe('pending');
    expect(first.output()).toContain('Stopped.');

    const second = await start(directory);
    const kept = await settled(second, id);
    expect(kept).toMatchObject({ status: 'completed', result: { body: 'in time' }, failures: [] });
    expect(target.calls).toHaveLength(1);
  });

  test('two servers on the same databases share the work, each promise kept once', async () => {
    const target = await startTarget();
    const directory = tempDir();
    const servers = await Promise.all([start(directory), start(directory)]);
    expect(servers[0].key).toBe(servers[1].key);
    const ids: string[] = [];
    for (const server of servers) {
      const promises = Array.from({ length: 40 }, (_, body) => ({
        type: 'webhook',
        payload: { url: target.url, body },
      }));
      const { body } = await server.ask('POST', '/v1/promises/batch', { promises });
      ids.push(...body.results.map((result: { id: string }) => result.id));
    }
    for (const [index, id] of ids.entries()) {
      const promise = await settled(servers[index % 2] as ServerProcess, id);
      expect(promise).toMatchObject({ status: 'completed', attempt: 1, failures: [] });
    }
    expect(target.calls).toHaveLength(80);
    expect(new Set(target.calls.map(({ headers }) => headers['idempotency-key'])).size).toBe(80);
  });
});
