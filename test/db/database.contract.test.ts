import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../src/core/index.js';
import { type Database, describeDatabase, type Migration, migrate } from '../../src/db/index.js';
import { openFresh, TOPOLOGIES } from './topologies.js';

const SCHEMA: readonly Migration[] = [
  {
    version: 1,
    name: 'notes',
    statements: [
      'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT, data BLOB, any ANY) STRICT',
    ],
  },
];

const count = async (database: Database): Promise<unknown> => {
  const [result] = await database.read([{ sql: 'SELECT count(*) AS count FROM notes' }]);
  return result?.rows[0]?.count;
};

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof HoldfastError ? error.code : error),
  );

describe.each(TOPOLOGIES)('a database: %s', (topology) => {
  it('refuses what it cannot keep', async () => {
    const database = await openFresh(topology);
    await migrate(database, SCHEMA);
    const insert = (text: string | number) =>
      codeOf(database.write([{ sql: 'INSERT INTO notes (text) VALUES (?1)', args: [text] }]));
    expect(await insert('a\u0000b')).toBe('input-invalid');
    expect(await insert('\ud800')).toBe('input-invalid');
    expect(await insert(Number.NaN)).toBe('input-invalid');
    expect(await codeOf(database.read([{ sql: 'SELEC 1' }]))).toBe('sql-invalid');
    expect(await count(database)).toBe(0);
  });

  it('gives back what it was given', async () => {
    const database = await openFresh(topology);
    await migrate(database, SCHEMA);
    const [inserted] = await database.write([
      {
        sql: 'INSERT INTO notes (text, data, any) VALUES (?1, ?2, ?3) RETURNING *, typeof(any) AS type',
        args: ['ünïcödé 🎉', new Uint8Array([0, 1, 255]), 2 ** 53 - 1],
      },
    ]);
    const row = inserted?.rows[0];
    const data = row?.data as Uint8Array;
    expect(row).toMatchObject({ id: 1, text: 'ünïcödé 🎉', any: 2 ** 53 - 1, type: 'integer' });
    expect([...data]).toEqual([0, 1, 255]);
    const [read] = await database.read([
      { sql: 'SELECT 1.5 AS real, NULL AS none, ?1 AS x', args: [-3] },
    ]);
    expect(read?.rows).toEqual([{ real: 1.5, none: null, x: -3 }]);
  });

  it('writes all of a batch or nothing', async () => {
    const database = await openFresh(topology);
    await migrate(database, SCHEMA);
    const failed = database.write([
      { sql: "INSERT INTO notes (id, text) VALUES (1, 'a')" },
      { sql: "INSERT INTO notes (id, text) VALUES (1, 'b')" },
    ]);
    expect(await codeOf(failed)).toBe('constraint-violated');
    expect(await count(database)).toBe(0);
    const results = await database.write([
      { sql: "INSERT INTO notes (id, text) VALUES (1, 'a')" },
      { sql: 'SELECT changes() AS changed' },
    ]);
    expect(results[1]?.rows).toEqual([{ changed: 1 }]);
    expect(await count(database)).toBe(1);
  });

  it('commits a transaction when it resolves and rolls it back when it throws', async () => {
    const database = await openFresh(topology);
    await migrate(database, SCHEMA);
    const own = new Error('mine');
    const failed = database.transaction(async (tx) => {
      await tx.execute({ sql: "INSERT INTO notes (text) VALUES ('gone')" });
      throw own;
    });
    await expect(failed).rejects.toBe(own);
    const kept = await database.transaction(async (tx) => {
      await tx.execute({ sql: "INSERT INTO notes (text) VALUES ('kept')" });
      const { rows } = await tx.execute({ sql: 'SELECT count(*) AS count FROM notes' });
      return rows[0]?.count;
    });
    expect(kept).toBe(1);
    expect(await count(database)).toBe(1);
  });

  it('tells a write that would wait for its own transaction at once', async () => {
    const database = await openFresh(topology);
    await migrate(database, SCHEMA);
    const waiting = database.transaction(() => database.write([{ sql: 'DELETE FROM notes' }]));
    expect(await codeOf(waiting)).toBe('would-deadlock');
    await database.write([{ sql: 'DELETE FROM notes' }]);
  });

  it('migrates once, whoever asks, and serves a newer schema', async () => {
    const database = await openFresh(topology);
    const told = await Promise.all([1, 2, 3].map(() => migrate(database, SCHEMA)));
    expect(told.flatMap(({ applied }) => applied)).toEqual([{ version: 1, name: 'notes' }]);
    await migrate(database, [
      ...SCHEMA,
      { version: 2, name: 'more', statements: ['ALTER TABLE notes ADD COLUMN more TEXT'] },
    ]);
    expect(await migrate(database, SCHEMA)).toEqual({
      applied: [],
      version: 2,
      newerThanCode: true,
    });
  });

  it('keeps nothing of a migration that fails', async () => {
    const database = await openFresh(topology);
    const broken = { version: 1, name: 'broken', statements: ['CREATE TABLE a (x)', 'SELEC'] };
    expect(await codeOf(migrate(database, [broken]))).toBe('sql-invalid');
    expect((await migrate(database, SCHEMA)).applied).toHaveLength(1);
  });

  it('describes itself: settings read back, what it can do, what it did', async () => {
    const database = await openFresh(topology);
    await migrate(database, SCHEMA);
    const checkpoint = await database.checkpoint();
    const told = await describeDatabase(database);
    expect(told).toMatchObject({ name: 'test', topology, verified: true });
    expect(told.settings.busyDeadlineMs).toBe(30_000);
    const managed = topology === 'remote' || topology === 'replica';
    expect(told.managedBy).toBe(managed ? 'server' : 'holdfast');
    expect(told.capabilities.settings).toBe(managed ? 'managed' : 'applied');
    expect(told.telemetry.labels.migrate?.writes).toBe(1);
    if (topology === 'memory') expect(checkpoint.outcome).toBe('skipped');
    else expect(told.lastCheckpoint).toEqual(checkpoint);
    expect(JSON.parse(JSON.stringify(told))).toEqual(told);
  });

  it('is closed after close', async () => {
    const database = await openFresh(topology);
    await database.close();
    expect(await codeOf(database.read([{ sql: 'SELECT 1' }]))).toBe('database-closed');
    expect(await codeOf(database.write([{ sql: 'SELECT 1' }]))).toBe('database-closed');
    expect(await codeOf(database.transaction(() => Promise.resolve()))).toBe('database-closed');
  });
});

describe('a file', () => {
  it('has its settings in force on every connection, and says what is held back', async () => {
    const database = await openFresh('file');
    const { settings, deviations } = await database.verify();
    expect(settings).toEqual({
      journalMode: 'wal',
      synchronous: 'full',
      busyDeadlineMs: 30_000,
      cacheSizeKib: 32_768,
      tempStore: 'memory',
      foreignKeys: true,
      mmapBytes: 0,
      journalSizeLimitBytes: 16_777_216,
      walAutocheckpointPages: 0,
      autoVacuum: 'incremental',
    });
    expect(deviations).toMatchObject([{ setting: 'mmapBytes', found: 0, fault: false }]);
    const [onReader] = await database.read([
      { sql: 'SELECT * FROM pragma_synchronous, pragma_foreign_keys, pragma_query_only' },
    ]);
    expect(onReader?.rows).toEqual([{ synchronous: 2, foreign_keys: 1, query_only: 1 }]);
  });

  it('cannot be opened with a setting that there is not', async () => {
    const opened = openFresh('file', { settings: { cacheSizeKib: -1 } });
    await expect(opened).rejects.toThrow(/settings\.cacheSizeKib.*received -1/);
  });
});
