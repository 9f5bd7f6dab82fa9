import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '@libsql/client';
import { createClient as createHttpClient } from '@libsql/client/http';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type Sqld, startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';

// What the database layer relies on, shown on a real libsql-server. See docs/sqlite-facts.md.

let server: Sqld;
let client: Client;

beforeAll(async () => {
  server = await startSqld();
  client = createClient({ url: server.url });
});
afterAll(async () => {
  client?.close();
  await server?.stop();
});

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code,
  );

it.each([
  'PRAGMA journal_mode=DELETE',
  'PRAGMA busy_timeout=1000',
  'PRAGMA synchronous=OFF',
  'PRAGMA cache_size=-1000',
  'PRAGMA temp_store=MEMORY',
  'PRAGMA mmap_size=0',
  'PRAGMA wal_checkpoint(PASSIVE)',
  'PRAGMA optimize',
  'VACUUM',
  'PRAGMA incremental_vacuum',
  'CREATE TEMP TABLE t (a)',
])('R1, R12: %s is refused', async (sql) => {
  expect(await codeOf(client.execute(sql))).toBe('SQL_PARSE_ERROR');
});

it('R1: settings can be read, and the admin API checkpoints', async () => {
  expect((await client.execute('PRAGMA journal_mode')).rows).toMatchObject([
    { journal_mode: 'wal' },
  ]);
  const url = `${server.adminUrl}/v1/namespaces/default/checkpoint`;
  expect((await fetch(url, { method: 'POST' })).status).toBe(200);
});

it('R9: a self-hosted server runs synchronous=NORMAL', async () => {
  expect((await client.execute('PRAGMA synchronous')).rows).toMatchObject([{ synchronous: 1 }]);
});

it('R2, R3: a transaction that others wait for is killed after 5 s, says so once, and then runs outside any transaction', async () => {
  await client.execute('CREATE TABLE killed (text TEXT)');
  const tx = await client.transaction('write');
  await tx.execute("INSERT INTO killed VALUES ('rolled back')");
  await client.execute("INSERT INTO killed VALUES ('waited')");
  const late = () => tx.execute("INSERT INTO killed VALUES ('late')");
  expect(await codeOf(late())).toBe('TRANSACTION_TIMEOUT');
  expect(await codeOf(late())).toBe('no error');
  tx.close();
  const { rows } = await client.execute('SELECT text FROM killed');
  expect(rows).toMatchObject([{ text: 'waited' }, { text: 'late' }]);
});

it('R2, R3: every later step of a batch is an error too, once its transaction was killed', async () => {
  const seconds = `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000000)
    SELECT max(n) FROM n`;
  const steps = [
    { stmt: { sql: 'BEGIN IMMEDIATE' } },
    ...Array.from({ length: 500 }, (_, step) => ({
      stmt: { sql: seconds },
      condition: { type: 'ok', step },
    })),
  ];
  const requests = [{ type: 'batch', batch: { steps } }, { type: 'close' }];
  const batch = fetch(`${server.url}/v2/pipeline`, {
    method: 'POST',
    body: JSON.stringify({ requests }),
  });
  await sleep(2_000); // It has the lock by then.
  await client.execute('CREATE TABLE waited (a)');
  const answer = JSON.parse(await (await batch).text());
  const errors: ({ code: string } | null)[] = answer.results[0].response.result.step_errors;
  const first = errors.findIndex((error) => error !== null);
  expect(first).toBeGreaterThan(0);
  const codes = errors.slice(first).map((error) => error?.code);
  expect(new Set(codes)).toEqual(new Set(['TRANSACTION_TIMEOUT']));
  expect(codes.length).toBeGreaterThan(1);
});

it('R5: a refused status arrives as SERVER_ERROR with the status on the cause, a dropped connection as a TypeError', async () => {
  let status = 401;
  const broken = createServer((_request, response) => {
    if (status === 0) response.destroy();
    else response.writeHead(status).end('no');
  });
  broken.listen(0, '127.0.0.1');
  await once(broken, 'listening');
  onTestFinished(() => {
    broken.close();
  });
  const url = `http://127.0.0.1:${(broken.address() as AddressInfo).port}`;
  for (status of [401, 429, 502]) {
    const error = await createClient({ url })
      .execute('SELECT 1')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SERVER_ERROR', cause: { status } });
  }
  status = 0;
  const dropped = await createClient({ url })
    .execute('SELECT 1')
    .catch((thrown: unknown) => thrown);
  expect(dropped).toBeInstanceOf(TypeError);
});

it('R8: an answer tells the rows that were read and written', async () => {
  let answer = '';
  const told = createHttpClient({
    url: server.url,
    fetch: async (request: Request) => {
      const response = await fetch(request);
      answer = await response.text();
      return new Response(answer, { status: response.status, headers: response.headers });
    },
  });
  await told.execute('CREATE TABLE counted (a)');
  await told.execute('INSERT INTO counted VALUES (1), (2)');
  expect(answer).toMatch(/"rows_read":\d+,"rows_written":2/);
});

it('R10: an embedded replica refuses checkpoints, and has one connection', async () => {
  const url = `file:${join(tempDir(), 'replica.db')}`;
  const replica = createClient({ url, syncUrl: server.url });
  onTestFinished(() => replica.close());
  await replica.sync();
  await expect(replica.execute('PRAGMA wal_checkpoint(PASSIVE)')).rejects.toThrow();
  const tx = await replica.transaction('read');
  await tx.execute('SELECT 1');
  expect(await codeOf(replica.execute('SELECT 1'))).toBe('TRANSACTION_ACTIVE');
  tx.close();
});

it('R12: a parameter of 5 MB is refused, changes() works in the next statement of a batch', async () => {
  const ask = (megabytes: number) =>
    client.execute({ sql: 'SELECT length(?) AS n', args: ['x'.repeat(megabytes * 1_000_000)] });
  expect((await ask(4.9)).rows).toMatchObject([{ n: 4_900_000 }]);
  await expect(ask(5.3)).rejects.toThrow();
  const [, , changed] = await client.batch(
    ['CREATE TABLE changed (a)', 'INSERT INTO changed VALUES (1), (2)', 'SELECT changes() AS n'],
    'write',
  );
  expect(changed?.rows).toMatchObject([{ n: 2 }]);
});
