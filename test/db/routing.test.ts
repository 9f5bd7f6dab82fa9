import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createClient, type HoldfastClient } from '../../src/db/index.js';
import { tempDir } from '../support/temp-dir.js';

function freshClient(url = `file:${join(tempDir(), 'routing.db')}`): HoldfastClient {
  const client = createClient({ url });
  onTestFinished(() => client.close());
  return client;
}

const firstOf = async (client: HoldfastClient, sql: string) =>
  (await client.execute(sql)).rows[0]?.[0];

it('a setting reaches every connection, also those that are opened later', async () => {
  const client = freshClient();
  await client.execute('CREATE TABLE t (a)');
  await client.execute('SELECT * FROM t');
  await client.execute('PRAGMA cache_size=-1234');
  expect(await firstOf(client, 'PRAGMA cache_size')).toBe(-1234);
  const readings = await Promise.all([1, 2, 3].map(() => client.transaction('read')));
  for (const reading of readings) {
    const { rows } = await reading.execute('SELECT * FROM pragma_cache_size');
    expect(rows).toMatchObject([{ cache_size: -1234 }]);
    reading.close();
  }
});

it('an attached file is there for reads and writes, until it is detached', async () => {
  const other = join(tempDir(), 'other.db');
  const client = freshClient();
  await client.execute('CREATE TABLE t (a)');
  await client.execute({ sql: 'ATTACH ? AS other', args: [other] });
  await client.execute('CREATE TABLE other.u (a)');
  await client.execute('INSERT INTO other.u VALUES (7)');
  expect(await firstOf(client, 'SELECT a FROM other.u')).toBe(7);
  await client.execute('DETACH other');
  await expect(client.execute('SELECT a FROM other.u')).rejects.toMatchObject({
    code: 'SQLITE_ERROR',
  });
});

it('temporary objects are seen by the reads that follow', async () => {
  const client = freshClient();
  await client.execute('CREATE TEMP TABLE t (a)');
  await client.batch(['INSERT INTO t VALUES (1)', 'INSERT INTO t VALUES (2)'], 'write');
  expect(await firstOf(client, 'SELECT count(*) FROM t')).toBe(2);
  const tx = await client.transaction('deferred');
  expect((await tx.execute('SELECT count(*) AS n FROM t')).rows).toMatchObject([{ n: 2 }]);
  tx.close();
});

it('what looks like a read and writes goes to the writer, in a batch too', async () => {
  const client = freshClient();
  await client.execute('CREATE TABLE t (a)');
  await client.execute('WITH x AS (SELECT 1 AS a) INSERT INTO t SELECT a FROM x');
  await client.batch(['SELECT 1', 'WITH x AS (SELECT 2 AS a) INSERT INTO t SELECT a FROM x']);
  const tx = await client.transaction('deferred');
  await tx.execute('WITH x AS (SELECT 3 AS a) INSERT INTO t SELECT a FROM x');
  await tx.commit();
  expect(await firstOf(client, 'SELECT sum(a) FROM t')).toBe(6);
});

it('busy_timeout is the deadline of waiting, and never blocks', async () => {
  const url = `file:${join(tempDir(), 'timeout.db')}`;
  const [holder, hasty] = [freshClient(url), freshClient(url)];
  await holder.execute('CREATE TABLE t (a)');
  const tx = await holder.transaction('write');
  expect(await firstOf(hasty, 'PRAGMA busy_timeout')).toBe(30_000);
  await hasty.execute('PRAGMA busy_timeout=5');
  expect(await firstOf(hasty, 'PRAGMA busy_timeout')).toBe(5);
  await expect(hasty.execute('INSERT INTO t VALUES (1)')).rejects.toMatchObject({
    code: 'database-busy',
  });
  tx.close();
});

it('a script with a deferred BEGIN waits for its lock instead of failing', async () => {
  const url = `file:${join(tempDir(), 'script.db')}`;
  const [holder, client] = [freshClient(url), freshClient(url)];
  await holder.execute('CREATE TABLE t (a)');
  const tx = await holder.transaction('write');
  await tx.execute('INSERT INTO t VALUES (1)');
  const waiting = client.executeMultiple(
    'BEGIN; SELECT * FROM t; INSERT INTO t VALUES (2); COMMIT;',
  );
  await tx.commit();
  await waiting;
  expect(await firstOf(client, 'SELECT sum(a) FROM t')).toBe(3);
});

it('columns follow a change of the schema made by another client', async () => {
  const url = `file:${join(tempDir(), 'schema.db')}`;
  const [mine, other] = [freshClient(url), freshClient(url)];
  await mine.execute('CREATE TABLE t (a)');
  expect((await mine.execute('SELECT * FROM t')).columns).toEqual(['a']);
  await other.execute('ALTER TABLE t ADD COLUMN b');
  expect((await mine.execute('SELECT * FROM t')).columns).toEqual(['a', 'b']);
});
