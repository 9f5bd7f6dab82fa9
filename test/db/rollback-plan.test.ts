import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createClient, DatabaseBusyError, openDatabase } from '../../src/db/index.js';
import { tempDir } from '../support/temp-dir.js';

const open = async (url: string, busyDeadlineMs = 30_000) => {
  const database = await openDatabase({
    name: 'back',
    url,
    profile: 'queue',
    settings: { journalMode: 'delete', synchronous: 'normal', busyDeadlineMs, mmapBytes: 0 },
    checkpoints: { enabled: false },
  });
  onTestFinished(() => database.close());
  return database;
};

it('a WAL file goes back to journal mode DELETE, and keeps what it holds', async () => {
  const url = `file:${join(tempDir(), 'back.db')}`;
  const before = await openDatabase({ name: 'before', url, profile: 'queue' });
  await before.write([
    { sql: 'CREATE TABLE notes (text TEXT)' },
    { sql: "INSERT INTO notes VALUES ('kept')" },
  ]);
  await before.close();
  const database = await open(url);
  const { ok, settings } = await database.verify();
  expect({ ok, ...settings }).toMatchObject({
    ok: true,
    journalMode: 'delete',
    synchronous: 'normal',
  });
  await database.write([{ sql: "INSERT INTO notes VALUES ('added')" }]);
  const [result] = await database.read([{ sql: 'SELECT text FROM notes' }]);
  expect(result?.rows).toEqual([{ text: 'kept' }, { text: 'added' }]);
});

it('it is refused while anybody else has the file open', async () => {
  const url = `file:${join(tempDir(), 'open.db')}`;
  const other = createClient({ url });
  onTestFinished(() => other.close());
  await other.execute('CREATE TABLE notes (text TEXT)');
  await other.execute('SELECT * FROM notes');
  const refused = await open(url, 20).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DatabaseBusyError);
  expect((await other.execute('PRAGMA journal_mode')).rows).toMatchObject([
    { journal_mode: 'wal' },
  ]);
});

it('in journal mode DELETE a COMMIT waits for readers, and readers for a COMMIT (F17)', async () => {
  const url = `file:${join(tempDir(), 'delete.db')}`;
  const first = await open(url);
  await first.write([{ sql: 'CREATE TABLE notes (text TEXT)' }]);
  const second = await open(url);
  const rounds = Array.from({ length: 50 }, async (_, at) => {
    await Promise.all([
      first.write([{ sql: 'INSERT INTO notes VALUES (?1)', args: [`first ${at}`] }]),
      second.write([{ sql: 'INSERT INTO notes VALUES (?1)', args: [`second ${at}`] }]),
      second.read([{ sql: 'SELECT count(*) AS count FROM notes' }, { sql: 'SELECT 1' }]),
      first.transaction(async (tx) => {
        await tx.execute({ sql: 'INSERT INTO notes VALUES (?1)', args: [`third ${at}`] });
        await new Promise((resolve) => setImmediate(resolve));
      }),
    ]);
  });
  await Promise.all(rounds);
  const [result] = await first.read([{ sql: 'SELECT count(*) AS count FROM notes' }]);
  expect(result?.rows).toEqual([{ count: 150 }]);
});
