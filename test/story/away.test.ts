import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../support/free-port.js';
import { startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';
import { runCommand, type ServerProcess, startProcess } from './server-process.js';
import { startTarget } from './target.js';

const HOLDFAST_API_KEY = 'k'.repeat(32);
const PROMISE = { type: 'echo', payload: 'kept' };

/** Where no database is. */
async function away() {
  const port = await freePort();
  return { HOLDFAST_API_KEY, QUEUE_DATABASE_URL: `http://127.0.0.1:${port}` };
}

async function kept(server: ServerProcess) {
  const { body } = await server.ask('POST', '/v1/promises', PROMISE);
  return (await server.ask('GET', `/v1/promises/${body.id}?wait=20s`)).body;
}

test('a server starts while its database is away, says so, and works once that answers', async () => {
  const port = await freePort();
  const env = { HOLDFAST_API_KEY, QUEUE_DATABASE_URL: `http://127.0.0.1:${port}` };
  const server = await startProcess(tempDir(), env);

  expect((await server.ask('GET', '/healthz')).status).toBe(200);
  const refused = await server.ask('POST', '/v1/promises', PROMISE);
  expect([refused.status, refused.body.code]).toEqual([503, 'database-unavailable']);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  const { status, body } = await server.ask('GET', '/v1/health');
  expect([status, body.status]).toEqual([200, 'degraded']);

  const database = await startSqld({ port });
  onTestFinished(() => database.stop());
  await expect
    .poll(async () => (await server.ask('POST', '/v1/promises', PROMISE)).status, {
      timeout: 20_000,
    })
    .toBe(201);
  expect(await kept(server)).toMatchObject({ status: 'completed', result: 'kept' });
  expect(await server.end('SIGTERM')).toBe(0);
});

test('a server that waits for its database answers who may ask, and what tells of it', async () => {
  const server = await startProcess(tempDir(), await away());
  const stranger = await fetch(`${server.url}/v1/promises`);
  expect(stranger.status).toBe(401);
  expect((await server.ask('GET', '/v1/nothing')).status).toBe(404);
  expect((await server.ask('GET', '/readyz')).body).toMatchObject({ status: 'degraded' });
  expect((await server.ask('GET', '/v1/telemetry')).status).toBe(200);
  const metrics = await server.ask('GET', '/metrics');
  expect([metrics.status, metrics.body]).toEqual([200, expect.stringContaining('holdfast_')]);
  expect((await server.ask('GET', '/openapi.json')).status).toBe(200);
  const page = await server.ask('GET', '/');
  expect([page.status, page.body]).toEqual([200, expect.stringContaining('role="alert"')]);
});

test('a server that waits for a database that never answers stops when it is asked to', async () => {
  // It takes what comes, and says nothing.
  const silent = createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const sockets = new Set<Socket>();
  silent.on('connection', (socket) => sockets.add(socket));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const { port } = silent.address() as AddressInfo;
  const env = { HOLDFAST_API_KEY, QUEUE_DATABASE_URL: `http://127.0.0.1:${port}` };
  const server = await startProcess(tempDir(), env);
  const startedAt = performance.now();
  expect(await server.end('SIGTERM')).toBe(0);
  // The deadlines of a database are 30 and 60 s.
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});

test('a start that fails ends, whichever database is away', async () => {
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => {
    taken.close();
  });
  const { port } = taken.address() as AddressInfo;
  const env = { ...(await away()), PORT: String(port) };
  const { code, output } = await runCommand(['start'], tempDir(), env);
  expect([code, output]).toEqual([1, expect.stringContaining(`PORT: ${port} is in use`)]);
});

test('the system database being away keeps no promise from being kept', async () => {
  const port = await freePort();
  const env = { HOLDFAST_API_KEY, SYSTEM_DATABASE_URL: `http://127.0.0.1:${port}` };
  const server = await startProcess(tempDir(), env);
  expect(await kept(server)).toMatchObject({ status: 'completed', result: 'kept' });
  const database = await startSqld({ port });
  onTestFinished(() => database.stop());
  await expect
    .poll(async () => (await server.ask('GET', '/v1/maintenance/runs')).status, { timeout: 20_000 })
    .toBe(200);
});

test('a server that is no database ends the start', async () => {
  const target = await startTarget((_call, response) => {
    response.writeHead(404).end('nothing here');
  });
  const env = { ...(await away()), PORT: '0', SYSTEM_DATABASE_URL: target.url };
  const { code, output } = await runCommand(['start'], tempDir(), env);
  expect([code, output]).toEqual([1, expect.stringMatching(/^holdfast: migrate: .*404/m)]);
});
