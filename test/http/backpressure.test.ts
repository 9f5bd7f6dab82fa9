import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { holdLock } from '../support/held-lock.js';
import { startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';
import { openService, type TestService, type Told } from './fixture.js';

const DEADLINE_MS = 700;
/** What the machine may add: it is shared. */
const SLACK_MS = 4_000;
const ECHO = { type: 'echo' };

async function timed(told: Promise<Told>): Promise<Told & { readonly ms: number }> {
  const from = performance.now();
  const answer = await told;
  return { ...answer, ms: performance.now() - from };
}

function expectBackpressure(told: Told & { readonly ms: number }): void {
  expect(told.status).toBe(503);
  expect(told.body.code).toMatch(/^(database-|commit-unknown)/);
  expect(told.headers.get('Content-Type')).toBe('application/problem+json');
  expect(Number(told.headers.get('Retry-After'))).toBeGreaterThan(0);
  expect(told.ms).toBeLessThan(DEADLINE_MS + 2_000 + SLACK_MS);
}

async function rowsOf({ services }: TestService): Promise<number> {
  const [found] = await services.queue.read([{ sql: 'SELECT count(*) AS n FROM promises' }]);
  return Number(found?.rows[0]?.n);
}

test('a file that another process keeps locked is 503 in time, and nothing is written', async () => {
  const url = `file:${join(tempDir(), 'queue.db')}`;
  const env = { QUEUE_DATABASE_URL: url, HOLDFAST_BUSY_DEADLINE: String(DEADLINE_MS) };
  const service = await openService({ env });
  const { ask } = service;
  const { id } = (await ask('POST', '/v1/promises', { body: { type: 'kept' } })).body;
  const holder = await holdLock(url);
  const payload = 'x'.repeat(9_000);
  const asked = [
    timed(ask('POST', '/v1/promises', { body: ECHO })),
    timed(ask('POST', '/v1/promises', { body: ECHO, headers: { 'Idempotency-Key': 'k' } })),
    timed(ask('POST', `/v1/promises/${id}/cancel`)),
    timed(ask('PUT', '/v1/queues/mail', { body: { paused: true } })),
    timed(ask('POST', '/v1/schedules', { body: { name: 's', every: '1h', promise: ECHO } })),
    timed(
      ask('POST', '/v1/promises/batch', {
        body: { promises: Array.from({ length: 800 }, () => ({ ...ECHO, payload })) },
      }),
    ),
  ];
  for (const told of await Promise.all(asked)) expectBackpressure(told);
  const read = await timed(ask('GET', `/v1/promises/${id}`));
  expect([read.status, read.body.status]).toEqual([200, 'pending']);
  await holder.letGo();
  expect(await rowsOf(service)).toBe(1);
  const again = { body: ECHO, headers: { 'Idempotency-Key': 'k' } };
  expect((await ask('POST', '/v1/promises', again)).status).toBe(201);
  expect(await rowsOf(service)).toBe(2);
});

test.each([
  ['hangs', 'SIGSTOP', 'SIGCONT'],
  ['is gone', 'SIGKILL', undefined],
] as const)(
  'a server that %s is 503 in time; what was asked is made once',
  async (_name, signal, back) => {
    const dataDir = join(tempDir(), 'data');
    const sqld = await startSqld({ dataDir });
    const env = { QUEUE_DATABASE_URL: sqld.url, HOLDFAST_BUSY_DEADLINE: String(DEADLINE_MS) };
    const service = await openService({ env });
    const { ask } = service;
    const sent = { body: ECHO, headers: { 'Idempotency-Key': 'k' } };
    process.kill(sqld.pid, signal);
    const told = await Promise.all([
      timed(ask('POST', '/v1/promises', sent)),
      timed(ask('POST', '/v1/promises/batch', { body: { promises: [ECHO, ECHO] } })),
      timed(ask('GET', '/v1/promises')),
      timed(ask('POST', '/v1/queues/mail/claim', { body: { worker: 'w' } })),
    ]);
    for (const one of told) expectBackpressure(one);
    const { port } = sqld;
    const server = back === undefined ? await startSqld({ dataDir, port }) : sqld;
    if (back !== undefined) process.kill(sqld.pid, back);
    onTestFinished(() => server.stop('SIGKILL'));
    // The circuit breaker asks again by itself, and the server has what it was asked before to do as well.
    const patience = { timeout: 30_000 };
    await expect
      .poll(async () => (await ask('POST', '/v1/promises', sent)).status, patience)
      .toBe(201);
    const replayed = async () =>
      (await ask('POST', '/v1/promises', sent)).headers.get('Idempotency-Replayed');
    await expect.poll(replayed, patience).toBe('true');
    await expect.poll(() => rowsOf(service), patience).toBeOneOf([1, 3]);
  },
);
