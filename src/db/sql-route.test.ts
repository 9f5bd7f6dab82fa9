import { describe, expect, it } from 'vitest';
import { isPlainRead, parsePragma, routeOf, setsConnection } from './sql-route.js';

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
    ["ATTACH 'x' AS y", 'attach'],
  ])('%s goes by %s', (sql, route) => {
    expect(routeOf(sql)).toBe(route);
  });

  it('takes WITH for a read only when nothing in it writes', () => {
    expect(isPlainRead('WITH a AS (SELECT 1) SELECT * FROM a')).toBe(true);
    expect(isPlainRead('WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a')).toBe(false);
  });
});

describe('a pragma', () => {
  it.each([
    ['PRAGMA foreign_keys', 'foreign_keys', undefined],
    ['pragma main.foreign_keys = ON;', 'foreign_keys', 'ON'],
    ["PRAGMA encoding='UTF-8'", 'encoding', 'UTF-8'],
    ['PRAGMA table_info(t)', 'table_info', 't'],
    ['PRAGMA wal_checkpoint( TRUNCATE )', 'wal_checkpoint', 'TRUNCATE'],
  ])('%s is parsed', (sql, name, value) => {
    expect(parsePragma(sql)).toEqual({ name, value });
  });

  it('reaches every connection when it sets one', () => {
    expect(setsConnection({ name: 'foreign_keys', value: 'on' })).toBe(true);
    expect(setsConnection({ name: 'foreign_keys', value: undefined })).toBe(false);
    expect(setsConnection({ name: 'table_info', value: 't' })).toBe(false);
  });
});
