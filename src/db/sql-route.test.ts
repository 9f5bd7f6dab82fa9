import { describe, expect, it } from 'vitest';
import {
  isOneTransaction,
  isPlainRead,
  makesTemporary,
  parsePragma,
  routeOf,
  setsConnection,
  withoutLeading,
  writesFile,
} from './sql-route.js';

describe('the route of a statement', () => {
  it.each([
    ['SELECT 1', 'read'],
    ['  -- why\n /* more */ select 1', 'read'],
    ['WITH a AS (SELECT 1) SELECT * FROM a', 'read'],
    ['insert into t values (1)', 'write'],
    ['SELECT changes()', 'write'],
    ['select last_insert_rowid ( )', 'write'],
    ['selec', 'write'],
    ['', 'write'],
    ['BEGIN', 'control'],
    ['PRAGMA foreign_keys', 'pragma'],
    ['VACUUM', 'vacuum'],
    ["VACUUM INTO 'changes (1).db'", 'vacuum'],
    ["ATTACH 'x' AS y", 'attach'],
  ])('%s goes by %s', (sql, route) => {
    expect(routeOf(sql)).toBe(route);
  });

  it('takes WITH for a read only when nothing in it writes', () => {
    expect(isPlainRead('WITH a AS (SELECT 1) SELECT * FROM a')).toBe(true);
    expect(isPlainRead('WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a')).toBe(false);
  });

  it('is a plain read only for what surely writes nothing', () => {
    for (const sql of ["SELECT 'delete'", 'values (1)', ' -- why\n explain delete from t'])
      expect(isPlainRead(sql)).toBe(true);
    for (const sql of ['DELETE FROM t', 'PRAGMA user_version', 'BEGIN', '', ';'])
      expect(isPlainRead(sql)).toBe(false);
  });

  it('tells what is made for one connection alone', () => {
    expect(makesTemporary('/* a */ CREATE TEMP TABLE t (x)')).toBe(true);
    expect(makesTemporary('create  temporary view v as select 1')).toBe(true);
    for (const sql of ['create table temp (x)', 'create template', 'drop temp', ''])
      expect(makesTemporary(sql)).toBe(false);
  });

  it('is told from behind blanks, comments and semicolons', () => {
    expect(withoutLeading(' ;\n-- a\n/* b */ select 1 -- c')).toBe('select 1 -- c');
    expect(withoutLeading('select 1')).toBe('select 1');
  });
});

describe('a pragma', () => {
  it.each([
    ['PRAGMA foreign_keys', 'foreign_keys', undefined],
    ['pragma main.foreign_keys = ON;', 'foreign_keys', 'ON'],
    ["PRAGMA encoding='UTF-8'", 'encoding', 'UTF-8'],
    ['PRAGMA table_info(t)', 'table_info', 't'],
    ['PRAGMA wal_checkpoint( TRUNCATE )', 'wal_checkpoint', 'TRUNCATE'],
    ['PRAGMA a = "b"', 'a', 'b'],
    ["PRAGMA a = 'b'c", 'a', "'b'c"],
    ["PRAGMA a = b'c'", 'a', "b'c'"],
  ])('%s is parsed', (sql, name, value) => {
    expect(parsePragma(sql)).toEqual({ name, value });
  });

  it.each(['SELECT 1', 'PRAGMA', 'PRAGMA a b', ''])('%j is none', (sql) => {
    expect(parsePragma(sql)).toBeUndefined();
  });

  it('writes to the file when it sets what is kept there, or does something to it', () => {
    const writes = (name: string, value?: string) => writesFile({ name, value });
    expect([writes('user_version', '3'), writes('application_id', '3')]).toEqual([true, true]);
    expect([writes('optimize'), writes('incremental_vacuum')]).toEqual([true, true]);
    expect([writes('optimize', '1'), writes('incremental_vacuum', '9')]).toEqual([true, true]);
    expect([writes('user_version'), writes('foreign_keys', 'on')]).toEqual([false, false]);
  });

  it('reaches every connection when it sets one', () => {
    expect(setsConnection({ name: 'foreign_keys', value: 'on' })).toBe(true);
    expect(setsConnection({ name: 'foreign_keys', value: undefined })).toBe(false);
    expect(setsConnection({ name: 'table_info', value: 't' })).toBe(false);
  });
});

describe('a script', () => {
  it.each([
    [[], true],
    [['INSERT INTO t VALUES (1)'], true],
    [['BEGIN', 'COMMIT'], true],
    [['-- all\nbegin immediate', 'INSERT INTO t VALUES (1)', 'SELECT 1', 'end'], true],
    [['SAVEPOINT a', 'DELETE FROM t', 'RELEASE a'], true],
    [['DELETE FROM t', 'DELETE FROM u'], false],
    [['BEGIN', 'DELETE FROM t'], false],
    [['DELETE FROM t', 'COMMIT'], false],
    [['BEGIN', 'COMMIT', 'DELETE FROM t', 'BEGIN', 'COMMIT'], false],
  ])('of %j is one transaction: %s', (statements, isOne) => {
    expect(isOneTransaction(statements)).toBe(isOne);
  });
});
