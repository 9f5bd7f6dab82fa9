import { chmodSync, closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { migrate, openDatabase } from '../../src/db/index.js';
import { promiseMigrations } from '../../src/promises/index.js';
import { openQueue } from '../support/queue.js';
import { tempDir } from '../support/temp-dir.js';
import { codesOf, findingOf, hold, look, prepared } from './fixture.js';

// The kernel's table of locks is Linux's.
const onLinux = process.platform === 'linux';
const ROWS = 'CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)';
const WAL = 'PRAGMA journal_mode=WAL';
const fill = (count: number, bytes: number) =>
  `INSERT INTO rows (text) SELECT hex(zeroblob(${bytes / 2})) FROM generate_series(1, ${count})`;

describe('a database of ours', () => {
  it('has notes alone, also while it is in use', async () => {
    const path = join(tempDir(), 'queue.db');
    await openQueue(path);
    const diagnosis = await look(`file:${path}`);
    expect(diagnosis).toMatchObject({ ok: true, notLooked: [] });
    expect(codesOf(diagnosis)).toEqual(['wal-reset-bug', 'default-settings']);
    expect(diagnosis.inside).toMatchObject({
      sqliteVersion: '3.45.1',
      settings: {
        asDefault: { busyDeadlineMs: 0, journalMode: 'wal', walAutocheckpointPages: 1_000 },
        asOurs: { busyDeadlineMs: 30_000, synchronous: 'full', walAutocheckpointPages: 0 },
      },
      schema: { known: 'queue', missing: [] },
      integrityErrors: [],
    });
  });

  it('is not changed by the look, and keeps its locks', async () => {
    const path = join(tempDir(), 'queue.db');
    const queue = await openQueue(path);
    await queue.transaction(async (tx) => {
      await tx.execute({ sql: "INSERT INTO paused_types (type) VALUES ('a')" });
      const { size, mtimeMs } = statSync(path);
      const walBytes = statSync(`${path}-wal`).size;
      await look(`file:${path}`);
      expect(statSync(path)).toMatchObject({ size, mtimeMs });
      expect(statSync(`${path}-wal`).size).toBe(walBytes);
      // Had the look been in this process, the file would now be free for all (F14).
      await expect(hold(path, 'BEGIN IMMEDIATE')).rejects.toThrow('ended');
    });
  });

  it('is told of by name when an index is missing, with the SQL that makes it', async () => {
    const path = join(tempDir(), 'queue.db');
    const queue = await openQueue(path);
    await queue.write([{ sql: 'DROP INDEX promises_ready_by_line' }]);
    const diagnosis = await look(`file:${path}`);
    expect(codesOf(diagnosis, 'warning')).toEqual(['index-missing']);
    const missing = findingOf(diagnosis, 'index-missing');
    expect(missing?.found).toBe('index promises_ready_by_line');
    await queue.write((missing?.statements ?? []).map((sql) => ({ sql })));
    expect(codesOf(await look(`file:${path}`), 'warning')).toEqual([]);
  });

  it('has a fault when a trigger is gone', async () => {
    const path = join(tempDir(), 'queue.db');
    const queue = await openQueue(path);
    await queue.write([{ sql: 'DROP TRIGGER events_indexed' }]);
    const diagnosis = await look(`file:${path}`);
    expect(diagnosis.ok).toBe(false);
    expect(findingOf(diagnosis, 'schema-incomplete')?.found).toBe('trigger events_indexed');
  });

  it('is behind before it is migrated, and newer after a newer release was there', async () => {
    const path = join(tempDir(), 'queue.db');
    const database = await openDatabase({ name: 'q', url: `file:${path}`, profile: 'queue' });
    await migrate(database, promiseMigrations.slice(0, 2));
    expect(codesOf(await look(`file:${path}`), 'warning')).toEqual(['schema-behind']);
    await migrate(database, promiseMigrations);
    await migrate(database, [{ version: 9_999, name: 'of tomorrow', statements: [] }]);
    expect(codesOf(await look(`file:${path}`))).toContain('schema-newer');
    await database.close();
  });
});

describe('a bad database', () => {
  it('in journal mode DELETE', async () => {
    const diagnosis = await look(`file:${prepared(ROWS)}`);
    expect(codesOf(diagnosis)).toEqual(['journal-mode', 'default-settings']);
  });

  it('with a huge WAL', async () => {
    const path = prepared(ROWS);
    await hold(path, WAL, 'PRAGMA wal_autocheckpoint=0', fill(340, 100_000));
    const diagnosis = await look(`file:${path}`);
    expect(codesOf(diagnosis, 'warning')).toEqual(['wal-large']);
    expect(findingOf(diagnosis, 'wal-large')?.found).toMatch(
      /^the WAL has 3\d MiB; 0 of \d+ frames/,
    );
  });

  it.runIf(onLinux)('whose lock another process holds', async () => {
    const path = prepared(WAL, ROWS);
    const { pid } = await hold(path, 'BEGIN IMMEDIATE');
    const diagnosis = await look(`file:${path}`);
    expect(codesOf(diagnosis, 'warning')).toEqual(['lock-held']);
    expect(findingOf(diagnosis, 'lock-held')?.found).toMatch(
      new RegExp(`^process ${pid} \\(.*holder.mjs.*\\) has the write lock`),
    );
  });

  it.runIf(onLinux)('whose lock another process holds in journal mode DELETE', async () => {
    const path = prepared(ROWS);
    const { pid } = await hold(path, 'BEGIN IMMEDIATE', "INSERT INTO rows VALUES (1, 'a')");
    const diagnosis = await look(`file:${path}`);
    expect(codesOf(diagnosis, 'warning')).toEqual(['journal-mode', 'lock-held']);
    expect(findingOf(diagnosis, 'lock-held')?.found).toContain(`process ${pid}`);
  });

  it.runIf(onLinux)('with a reader that never ends', async () => {
    const path = prepared(WAL, ROWS, fill(10, 100));
    const { pid } = await hold(path, 'BEGIN', 'SELECT * FROM rows');
    const fresh = await look(`file:${path}`);
    expect(codesOf(fresh, 'warning')).toEqual([]);
    await hold(path, fill(10, 100));
    const diagnosis = await look(`file:${path}`);
    expect(codesOf(diagnosis, 'warning')).toEqual(['long-reader']);
    expect(findingOf(diagnosis, 'long-reader')?.found).toContain(`process ${pid}`);
  });

  it('with a corrupt page', async () => {
    const path = prepared(ROWS, fill(200, 2_000));
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(4_096, 0xa5), 0, 4_096, 20 * 4_096);
    closeSync(file);
    const diagnosis = await look(`file:${path}`);
    expect(diagnosis.ok).toBe(false);
    expect(codesOf(diagnosis, 'fault')).toEqual(['corrupt']);
    const unread = await look(`file:${path}`, { integrity: false });
    expect(codesOf(unread, 'fault')).toEqual([]);
    expect(unread.notLooked).toEqual(['integrity: not asked for']);
  });

  it('that is no database', async () => {
    const path = join(tempDir(), 'letter.db');
    writeFileSync(path, 'Dear database, '.repeat(1_000));
    expect(codesOf(await look(`file:${path}`), 'fault')).toEqual(['corrupt']);
  });

  it('that is not there', async () => {
    const diagnosis = await look(`file:${join(tempDir(), 'nowhere.db')}`);
    expect(findingOf(diagnosis, 'unreachable')?.found).toContain('there is no such file');
  });

  it('whose writer died in the middle of a transaction', async () => {
    const path = prepared(ROWS, fill(200, 2_000));
    const spill = ['PRAGMA cache_size=5', 'BEGIN IMMEDIATE', "UPDATE rows SET text = text || 'x'"];
    const { end } = await hold(path, ...spill);
    await end();
    expect(codesOf(await look(`file:${path}`))).toContain('journal-left');
  });

  it('with a foreign key that no index serves', async () => {
    const path = prepared(
      WAL,
      'CREATE TABLE parents (id INTEGER PRIMARY KEY)',
      'CREATE TABLE served (parent INTEGER REFERENCES parents, at INTEGER)',
      'CREATE INDEX served_by_parent ON served (parent, at)',
      'CREATE TABLE keyed (parent INTEGER PRIMARY KEY REFERENCES parents)',
      'CREATE TABLE children (parent INTEGER REFERENCES parents, at INTEGER)',
      'CREATE INDEX children_by_age ON children (at, parent)',
    );
    const diagnosis = await look(`file:${path}`);
    expect(codesOf(diagnosis, 'warning')).toEqual(['foreign-key-index-missing']);
    expect(findingOf(diagnosis, 'foreign-key-index-missing')?.found).toContain('children (parent)');
  });

  it('of which most is empty', async () => {
    const path = prepared(WAL, ROWS, fill(200, 100_000), 'DELETE FROM rows');
    expect(codesOf(await look(`file:${path}`), 'warning')).toEqual(['space-unused']);
  });

  it.runIf(process.getuid?.() !== 0)('that may not be written', async () => {
    const path = prepared(WAL, ROWS);
    chmodSync(path, 0o444);
    expect(codesOf(await look(`file:${path}`), 'fault')).toEqual(['unwritable']);
  });
});
