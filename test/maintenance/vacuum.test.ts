import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDatabase, readSpace } from '../../src/db/index.js';
import { vacuumTask } from '../../src/tasks/maintenance/vacuum.js';
import { startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';

const MAKE = 'CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)';
const FILL = 'INSERT INTO rows (text) SELECT hex(zeroblob(50000)) FROM generate_series(1, 150)';

async function openFilled(autoVacuum: 'incremental' | 'none') {
  const path = join(tempDir(), 'queue.db');
  const database = await openDatabase({
    name: 'queue',
    url: `file:${path}`,
    profile: 'queue',
    settings: { autoVacuum },
  });
  onTestFinished(() => database.close());
  await database.write([{ sql: MAKE }, { sql: FILL }]);
  return { path, database };
}

const run = (database: Parameters<typeof vacuumTask>[0][number], signal?: AbortSignal) =>
  vacuumTask([database], 1_000).run({
    runId: 'r',
    signal: signal ?? new AbortController().signal,
  });

it('vacuum gives back what is empty but for a tenth, while others write', async () => {
  const { path, database } = await openFilled('incremental');
  const before = await readSpace(database);
  expect(await run(database)).toMatchObject({
    counts: { queue: { outcome: 'done', givenBackPages: 0, done: true } },
  });
  await database.write([{ sql: 'DELETE FROM rows WHERE id > 10' }]);
  const vacuuming = run(database);
  await database.write([{ sql: "INSERT INTO rows (text) VALUES ('meanwhile')" }]);
  expect(await vacuuming).toMatchObject({
    outcome: 'completed',
    counts: { queue: { outcome: 'done', done: true } },
  });
  const after = await readSpace(database);
  expect(after.pages).toBeLessThan(before.pages / 3);
  expect(after.freePages).toBeGreaterThan(100);
  await database.checkpoint();
  expect(statSync(path).size).toBe(after.pages * after.pageSizeBytes);
  const [check] = await database.read([{ sql: 'PRAGMA quick_check' }]);
  expect(Object.values(check?.rows[0] ?? {})).toEqual(['ok']);
});

it('vacuum stops between two slices, and the next run goes on', async () => {
  const { database } = await openFilled('incremental');
  await database.write([{ sql: 'DELETE FROM rows' }]);
  const stopping = new AbortController();
  const write = database.vacuum.bind(database);
  database.vacuum = async (...args) => {
    await write(...args);
    stopping.abort();
  };
  expect(await run(database, stopping.signal)).toMatchObject({
    counts: { queue: { givenBackPages: 256, done: false } },
  });
});

it('vacuum leaves a file alone that was made without it, and what a server manages', async () => {
  const { database } = await openFilled('none');
  await database.write([{ sql: 'DELETE FROM rows' }]);
  expect(await run(database)).toMatchObject({ counts: { queue: { outcome: 'skipped' } } });
  const server = await startSqld();
  onTestFinished(() => server.stop('SIGKILL'));
  const remote = await openDatabase({ name: 'queue', url: server.url, profile: 'queue' });
  await remote.vacuum(10);
  expect(await run(remote)).toMatchObject({ counts: { queue: { outcome: 'managed' } } });
  await remote.close();
});
