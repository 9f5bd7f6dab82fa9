import { expect, onTestFinished, test } from 'vitest';
import { freePort, startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';
import { runCommand, type ServerProcess, startProcess } from './server-process.js';
import { startTarget } from './target.js';

const HOLDFAST_API_KEY = 'k'.repeat(32);
const PROMISE = { type: 'echo', payload: 'kept' };

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

test('a server whose database is away stops when it is asked to', async () => {
  const port = await freePort();
  const env = { HOLDFAST_API_KEY, QUEUE_DATABASE_URL: `http://127.0.0.1:${port}` };
  const server = await startProcess(tempDir(), env);
  expect(await server.end('SIGTERM')).toBe(0);
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
  const env = { HOLDFAST_API_KEY, PORT: '0', QUEUE_DATABASE_URL: target.url };
  const { code, output } = await runCommand(['start'], tempDir(), env);
  expect([code, output]).toEqual([1, expect.stringMatching(/^holdfast: migrate: .*404/)]);
});
