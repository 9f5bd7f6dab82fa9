import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@libsql/client';
import Binding from 'libsql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../support/temp-dir.js';

// What the database layer relies on, shown on the binding and on @libsql/client themselves. A test
// that fails here says that a fact has changed: see docs/sqlite-facts.md for what follows from it.

const run = promisify(execFile);
const newFile = () => join(tempDir(), 'facts.db');

function connect(path: string, wal = true): Binding.Database {
  const connection = new Binding(path, { timeout: 0 });
  if (wal) connection.exec('PRAGMA journal_mode=WAL');
  return connection;
}

function rows(connection: Binding.Database, sql: string): unknown[] {
  return connection.prepare(sql).raw(true).all([]) as unknown[];
}

function codeOf(work: () => unknown): unknown {
  try {
    work();
    return 'no error';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

it('F1: the client opens with journal_mode=delete and busy_timeout=0', async () => {
  const client = createClient({ url: `file:${newFile()}` });
  onTestFinished(() => client.close());
  expect((await client.execute('PRAGMA journal_mode')).rows).toMatchObject([
    { journal_mode: 'delete' },
  ]);
  expect((await client.execute('PRAGMA busy_timeout')).rows).toMatchObject([{ timeout: 0 }]);
});

it('F2: a PRAGMA sent with execute() reaches one connection of the pool only', async () => {
  const client = createClient({ url: `file:${newFile()}` });
  onTestFinished(() => client.close());
  await client.execute('PRAGMA synchronous=OFF');
  const first = await client.transaction('read');
  const second = await client.transaction('read');
  const told = [
    await first.execute('PRAGMA synchronous'),
    await second.execute('PRAGMA synchronous'),
  ];
  expect(told.map((result) => result.rows[0]?.synchronous)).toEqual([0, 2]);
  first.close();
  second.close();
});

it('F3: of 8 write transactions at once in one process 7 fail', async () => {
  const client = createClient({ url: `file:${newFile()}` });
  onTestFinished(() => client.close());
  await client.execute('CREATE TABLE t (a)');
  const begun = await Promise.allSettled(
    Array.from({ length: 8 }, () => client.transaction('write')),
  );
  expect(begun.filter(({ status }) => status === 'rejected')).toHaveLength(7);
});

describe('F4: after one BUSY on a prepared statement', () => {
  it('later writes return success and are never committed', () => {
    const path = newFile();
    const [holder, poisoned, reader] = [connect(path), connect(path), connect(path)];
    holder.exec('CREATE TABLE t (a)');
    holder.exec('BEGIN IMMEDIATE');
    const insert = poisoned.prepare('INSERT INTO t VALUES (1)');
    expect(codeOf(() => insert.run([]))).toBe('SQLITE_BUSY');
    holder.exec('ROLLBACK');
    const other = poisoned.prepare('INSERT INTO t VALUES (2)');
    expect(other.run([]).changes).toBe(1);
    expect(rows(reader, 'SELECT * FROM t')).toEqual([]);
    expect(codeOf(() => holder.exec('BEGIN IMMEDIATE'))).toBe('SQLITE_BUSY');
    expect(insert).toBeDefined();
  });

  it('but on exec("BEGIN IMMEDIATE") it leaves no trace', () => {
    const path = newFile();
    const [holder, waiter, reader] = [connect(path), connect(path), connect(path)];
    holder.exec('CREATE TABLE t (a)');
    holder.exec('BEGIN IMMEDIATE');
    expect(codeOf(() => waiter.exec('BEGIN IMMEDIATE'))).toBe('SQLITE_BUSY');
    holder.exec('ROLLBACK');
    waiter.exec('BEGIN IMMEDIATE');
    waiter.prepare('INSERT INTO t VALUES (2)').run([]);
    waiter.exec('COMMIT');
    expect(rows(reader, 'SELECT * FROM t')).toEqual([[2]]);
  });

  it('and EXPLAIN of a write poisons a connection in the same way, until it is reset by get()', () => {
    const connection = connect(newFile());
    connection.exec('CREATE TABLE t (a)');
    const explain = connection.prepare('EXPLAIN INSERT INTO t VALUES (1)').raw(true);
    explain.all([]);
    connection.exec('BEGIN IMMEDIATE');
    expect(codeOf(() => connection.exec('COMMIT'))).toBe('SQLITE_BUSY');
    connection.exec('ROLLBACK');
    explain.get([]);
    connection.exec('BEGIN IMMEDIATE');
    expect(codeOf(() => connection.exec('COMMIT'))).toBe('no error');
  });

  it('and so does a prepared incremental_vacuum, where exec gives back all that is asked for', () => {
    const connection = new Binding(newFile(), { timeout: 0 });
    connection.exec('PRAGMA auto_vacuum=incremental; PRAGMA journal_mode=WAL; CREATE TABLE t (a)');
    connection.exec('INSERT INTO t SELECT hex(zeroblob(2000)) FROM generate_series(1, 200)');
    connection.exec('DELETE FROM t');
    const free = () => Number((rows(connection, 'PRAGMA freelist_count') as number[][])[0]?.[0]);
    const before = free();
    connection.exec('BEGIN IMMEDIATE; PRAGMA incremental_vacuum(20); COMMIT');
    expect(before - free()).toBe(20);
    const vacuum = connection.prepare('PRAGMA incremental_vacuum(20)');
    connection.exec('BEGIN IMMEDIATE');
    vacuum.run([]);
    expect(codeOf(() => connection.exec('COMMIT'))).toBe('SQLITE_BUSY');
    connection.exec('ROLLBACK');
  });

  it('while a failed constraint does not', () => {
    const connection = connect(newFile());
    connection.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)');
    const insert = connection.prepare('INSERT INTO t VALUES (1) RETURNING a').raw(true);
    connection.exec('BEGIN IMMEDIATE');
    insert.all([]);
    expect(codeOf(() => insert.all([]))).toBe('SQLITE_CONSTRAINT_PRIMARYKEY');
    connection.exec('COMMIT');
    expect(rows(connection, 'SELECT * FROM t')).toEqual([[1]]);
  });
});

it('F6: rowsAffected is 0 with RETURNING', async () => {
  const client = createClient({ url: `file:${newFile()}` });
  onTestFinished(() => client.close());
  await client.execute('CREATE TABLE t (a)');
  expect((await client.execute('INSERT INTO t VALUES (1) RETURNING a')).rowsAffected).toBe(0);
});

it('F7: a read that upgrades to a write after a foreign commit is BUSY_SNAPSHOT at once', () => {
  const path = newFile();
  const [reader, writer] = [connect(path), connect(path)];
  writer.exec('CREATE TABLE t (a)');
  reader.exec('BEGIN; SELECT * FROM t');
  writer.exec('INSERT INTO t VALUES (1)');
  expect(codeOf(() => reader.exec('INSERT INTO t VALUES (2)'))).toBe('SQLITE_BUSY_SNAPSHOT');
});

it.runIf(process.platform === 'linux')(
  'F8: close() keeps the file open once a statement was prepared',
  () => {
    const path = newFile();
    const connection = connect(path);
    const statement = connection.prepare('SELECT 1');
    connection.close();
    const open = readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        return false;
      }
    });
    expect(open.length).toBeGreaterThan(0);
    expect(statement).toBeDefined();
  },
);

it('F9: the bundled SQLite has the WAL-reset bug, so nothing is memory-mapped', () => {
  expect(rows(connect(newFile()), 'SELECT sqlite_version()')).toEqual([['3.45.1']]);
});

it('F11: each connection to :memory: is a database of its own', () => {
  const [first, second] = [new Binding(':memory:'), new Binding(':memory:')];
  first.exec('CREATE TABLE t (a)');
  expect(rows(second, 'SELECT * FROM sqlite_schema')).toEqual([]);
});

it('F12: data_version changes for the commits of others, not for its own', () => {
  const path = newFile();
  const [mine, other] = [connect(path), connect(path)];
  mine.exec('CREATE TABLE t (a)');
  const version = () => rows(mine, 'PRAGMA data_version')[0];
  const before = version();
  mine.exec('INSERT INTO t VALUES (1)');
  expect(version()).toEqual(before);
  other.exec('INSERT INTO t VALUES (2)');
  expect(version()).not.toEqual(before);
});

describe('F13', () => {
  it('a lone surrogate that goes through json_each ends the process', async () => {
    const require = createRequire(import.meta.url);
    const script = `
      const Binding = require(${JSON.stringify(require.resolve('libsql'))});
      const connection = new Binding(':memory:');
      connection.exec('CREATE TABLE t (a TEXT)');
      connection.prepare('INSERT INTO t SELECT value FROM json_each(?)').run(['["\\\\ud800"]']);
      connection.prepare('SELECT a FROM t').raw(true).all([]);`;
    const ended = await run(process.execPath, ['-e', script]).catch((error: unknown) => error);
    expect(ended).toMatchObject({ signal: 'SIGABRT' });
  });

  it('U+0000 cuts a string', () => {
    const connection = connect(newFile());
    const select = connection.prepare('SELECT length(?1)').raw(true);
    expect(select.all(['a\u0000b'])).toEqual([[1]]);
  });

  it('a number is bound as REAL, a bigint as INTEGER', () => {
    const select = connect(newFile()).prepare('SELECT typeof(?1)').raw(true);
    expect([...select.all([5]), ...select.all([5n])]).toEqual([['real'], ['integer']]);
  });
});

it('F14: reading the -shm file in the process that holds the lock drops the lock', async () => {
  const path = newFile();
  const connection = connect(path);
  connection.exec('CREATE TABLE t (a)');
  const script = `
    const Binding = require(${JSON.stringify(createRequire(import.meta.url).resolve('libsql'))});
    const connection = new Binding(${JSON.stringify(path)});
    connection.exec('BEGIN IMMEDIATE');
    process.send('holding');
    process.once('message', () => {
      require('node:fs').readFileSync(${JSON.stringify(`${path}-shm`)});
      process.send('read');
    });`;
  const child = fork('-e', [script], { execArgv: ['-e', script] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child, 'message');
  expect(codeOf(() => connection.exec('BEGIN IMMEDIATE'))).toBe('SQLITE_BUSY');
  child.send('read the file');
  await once(child, 'message');
  expect(codeOf(() => connection.exec('BEGIN IMMEDIATE'))).toBe('no error');
});

it('F15: iterate() pins its snapshot until it is done, get() adds _metadata', () => {
  const path = newFile();
  const [reader, writer] = [connect(path), connect(path)];
  writer.exec('CREATE TABLE t (a)');
  writer.exec(
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500) INSERT INTO t SELECT i FROM n',
  );
  const rowsOf = reader.prepare('SELECT a FROM t').iterate();
  rowsOf.next();
  writer.exec('DELETE FROM t');
  expect(rows(reader, 'SELECT count(*) FROM t')).toEqual([[500]]);
  expect(Object.keys(reader.prepare('SELECT 1 AS one').get([]) as object)).toContain('_metadata');
});

it('F20: UPDATE … FROM applies one match per row', () => {
  const connection = connect(newFile());
  connection.exec('CREATE TABLE child (open); INSERT INTO child VALUES (2)');
  connection.exec('UPDATE child SET open = open - 1 FROM (SELECT 1 UNION ALL SELECT 2)');
  expect(rows(connection, 'SELECT open FROM child')).toEqual([[1]]);
});

it('F17: in journal mode DELETE a COMMIT can be BUSY, stays open, and can be sent again', () => {
  const path = newFile();
  const [writer, reader] = [connect(path, false), connect(path, false)];
  writer.exec('CREATE TABLE t (a)');
  reader.exec('BEGIN; SELECT * FROM t');
  writer.exec('BEGIN IMMEDIATE');
  writer.exec('INSERT INTO t VALUES (1)');
  expect(codeOf(() => writer.exec('COMMIT'))).toBe('SQLITE_BUSY');
  expect(writer.inTransaction).toBe(true);
  reader.exec('ROLLBACK');
  expect(codeOf(() => writer.exec('COMMIT'))).toBe('no error');
});

it('F19: a query_only connection that closes last checkpoints and deletes the WAL', () => {
  const path = newFile();
  const [writer, reader] = [connect(path), connect(path)];
  writer.exec('CREATE TABLE t (a)');
  reader.exec('PRAGMA query_only=ON; SELECT * FROM t');
  writer.close();
  expect(existsSync(`${path}-wal`)).toBe(true);
  reader.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
});

it('query_only refuses writes before anything happens, and is not poisoned by it', () => {
  const connection = connect(newFile());
  connection.exec('CREATE TABLE t (a)');
  connection.exec('PRAGMA query_only=ON');
  const insert = connection.prepare('INSERT INTO t VALUES (1)');
  expect(codeOf(() => insert.run([]))).toBe('SQLITE_READONLY');
  connection.exec('BEGIN');
  expect(rows(connection, 'SELECT count(*) FROM t')).toEqual([[0]]);
  expect(codeOf(() => connection.exec('COMMIT'))).toBe('no error');
});

it('the columns of a prepared statement follow the schema after it has run', () => {
  const path = newFile();
  const [mine, other] = [connect(path), connect(path)];
  other.exec('CREATE TABLE t (a)');
  const select = mine.prepare('SELECT * FROM t').raw(true);
  other.exec('ALTER TABLE t ADD COLUMN b');
  select.all([]);
  expect(select.columns().map(({ name }) => name)).toEqual(['a', 'b']);
});
