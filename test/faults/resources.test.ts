import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PROGRAMS } from '../../faults/resources/index.js';
import { largeWal } from '../../faults/resources/large-wal.js';
import { longReader } from '../../faults/resources/long-reader.js';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations } from '../../src/promises/index.js';
import { buildPrograms } from '../support/program.js';
import { openQueue } from '../support/queue.js';
import { tempDir } from '../support/temp-dir.js';
import { hasNamespaces, runOnSmallDisk, runSubject } from './run-subject.js';

const PAGE = 4_096;
const LOST_PAGES = 16;
const PAYLOAD = 2_000;
/** Nothing else is on the pages that are lost. */
const PAYLOADS_A_PAGE = Math.floor(PAGE / PAYLOAD);
const WAITS = { timeout: 60_000 };

/** The processes that another has started; told on Linux alone. */
function childrenOf(pid: number | undefined): string[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? (readFileSync(path, 'utf8').match(/\d+/g) ?? []) : [];
}

/** No more than its entry is left of one that has ended, until somebody takes note. */
const isAlive = (pid: string) => existsSync(`/proc/${pid}/exe`);

/** Overwrites a part of a file. */
function overwrite(path: string, value: number, at: number, bytes: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(bytes, value), 0, bytes, at);
  closeSync(file);
}

async function count(database: Database): Promise<number> {
  const [found] = await database.read([{ sql: 'SELECT count(*) AS n FROM promises' }]);
  return Number(found?.rows[0]?.n);
}

async function integrity(database: Database): Promise<unknown> {
  const [found] = await database.read([{ sql: 'PRAGMA integrity_check' }]);
  return found?.rows[0]?.integrity_check;
}

describe('a disk', () => {
  it.skipIf(!hasNamespaces)(
    'that is full refuses with database-full, keeps what was acknowledged, and goes on when there is room',
    async () => {
      const directory = tempDir();
      const ballast = `head -c 1000000 /dev/zero > "${join(directory, 'ballast')}"`;
      const report = await runOnSmallDisk({ directory, what: 'fill' }, 4, ballast);
      expect(report.refused).toBe('database-full');
      expect(report.made.length).toBeGreaterThan(10);
      expect(report.read).toBe(report.made.length);
      expect(report.goesOn).toBe(true);
    },
  );

  it('that takes no larger files refuses with a code, and keeps what was acknowledged', async () => {
    const directory = tempDir();
    // In KiB; a process that is not killed by the signal is told EFBIG.
    const report = await runSubject({ directory, what: 'fill' }, "trap '' XFSZ && ulimit -f 2000");
    expect(report?.refused).toMatch(/^database-(full|unavailable)$/);
    expect(report?.made.length).toBeGreaterThan(10);
    expect(report?.read).toBe(report?.made.length);
    const store = new PromiseStore(await openQueue(join(directory, 'queue.db')));
    expect((await store.known(report?.made ?? [])).size).toBe(report?.made.length);
  });

  it.skipIf(!hasNamespaces)(
    'that may only be read is refused when it is opened, with its reason',
    async () => {
      const directory = tempDir();
      const readOnly = `mount -o remount,ro "${directory}"`;
      const report = await runOnSmallDisk({ directory, what: 'open' }, 4, readOnly);
      expect(report.refused).toMatch(/^database-(read-only|unavailable)$/);
    },
  );
});

/** Acknowledged and in the WAL alone: their process was killed. */
async function leftInWal(promises: number): Promise<string> {
  const directory = tempDir();
  const report = await runSubject({ directory, what: 'wal', count: promises });
  expect(report).toBeUndefined();
  return join(directory, 'queue.db');
}

/** Built for the test that is running. */
async function programs() {
  const { paths, remove } = await buildPrograms(PROGRAMS);
  onTestFinished(remove);
  return paths;
}

describe('a write-ahead log that a killed process has left', () => {
  it('is all there for the next one, however large, and is brought into the file', async () => {
    const directory = tempDir();
    const shown = await largeWal({ directory, walBytesMin: 40_000_000, ...(await programs()) });
    expect(shown.faults).toEqual([]);
    expect(shown.told[0]).toMatch(/a WAL of \d{2,}\.\d MiB with \d{3,} promises acknowledged/);
  }, 180_000);

  it.each(['cut short', 'garbled'])(
    'and that is %s gives what was written before, whole',
    async (how) => {
      const path = await leftInWal(1_000);
      const wal = `${path}-wal`;
      if (how === 'garbled') overwrite(wal, 0xa5, Math.floor(statSync(wal).size / 2), 5_000);
      else truncateSync(wal, Math.floor(statSync(wal).size / 2) + 123);
      const database = await openQueue(path);
      const left = await count(database);
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThan(1_000);
      // Each write is there, or is not: none in part.
      expect(left % 100).toBe(0);
      expect(await integrity(database)).toBe('ok');
      const store = new PromiseStore(database);
      expect((await store.figures()).byStatus.pending).toBe(left);
      await store.enqueue([{ id: crypto.randomUUID(), type: 'echo' }]);
      expect(await count(database)).toBe(left + 1);
    },
  );
});

it('a reader that stays open is in the way of nobody: the WAL grows, and is brought in when it goes', async () => {
  const directory = tempDir();
  const shown = await longReader({
    directory,
    readerMs: 200,
    walBytesMax: 262_144,
    ...(await programs()),
  });
  expect(shown.faults).toEqual([]);
  expect(shown.told[0]).toMatch(/[1-9]\d* promises made meanwhile/);
}, 180_000);

it('pages that are lost are refused with database-corrupt, and what is on others can be read', async () => {
  const path = join(tempDir(), 'queue.db');
  // Always the same ids, so that the same rows are on the same pages.
  const ids = Array.from(
    { length: 400 },
    (_, at) => `01900000-0000-7000-8000-${`${at}`.padStart(12, '0')}`,
  );
  const before = await openDatabase({ name: 'queue', url: `file:${path}`, profile: 'queue' });
  await migrate(before, promiseMigrations);
  await new PromiseStore(before).enqueue(
    ids.map((id) => ({ id, type: 'echo', payload: 'x'.repeat(PAYLOAD) })),
  );
  await before.checkpoint();
  await before.close();
  // Pages that were never written, as a disk that has lost them gives them back.
  const middle = Math.floor(statSync(path).size / PAGE / 2) * PAGE;
  overwrite(path, 0, middle, LOST_PAGES * PAGE);
  const database = await openQueue(path);
  expect(await integrity(database).catch((error: { code: string }) => error.code)).not.toBe('ok');
  const store = new PromiseStore(database);
  const outcomes = await Promise.allSettled(ids.map((id) => store.get(id)));
  const refused = outcomes.filter((one) => one.status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'database-corrupt' });
  const read = outcomes.filter((one) => one.status === 'fulfilled' && one.value !== undefined);
  // Nobody is told that what is lost was never there.
  expect(read.length + refused.length).toBe(ids.length);
  expect(refused.length).toBeLessThanOrEqual(LOST_PAGES * PAYLOADS_A_PAGE);
  // It is no worse for having been looked at.
  const again = await Promise.allSettled(ids.map((id) => store.get(id)));
  expect(again.filter((one) => one.status === 'rejected')).toHaveLength(refused.length);
});

it('with 128 file descriptors hundreds of calls at once are all answered', async () => {
  const report = await runSubject(
    { directory: tempDir(), what: 'crowd', count: 500 },
    'ulimit -n 128',
  );
  expect(report).toMatchObject({ refused: null, read: 500 });
});

it('eight processes that bring one empty database up at once all succeed, each step once', async () => {
  const directory = tempDir();
  const orders = { directory, what: 'migrate' } as const;
  const reports = await Promise.all(Array.from({ length: 8 }, () => runSubject(orders)));
  expect(reports.map((report) => report?.refused)).toEqual(Array(8).fill(null));
  const database = await openQueue(join(directory, 'queue.db'));
  const [steps] = await database.read([
    { sql: 'SELECT version FROM schema_migrations ORDER BY version' },
  ]);
  expect(steps?.rows.map(({ version }) => version)).toEqual(
    promiseMigrations.map(({ version }) => version),
  );
  expect(await integrity(database)).toBe('ok');
}, 120_000);

it('a rig that is ended by a signal leaves no directory and no process behind', async () => {
  const TMPDIR = tempDir();
  const args = ['--import', 'tsx', 'faults/index.ts', 'resources', '--wal-mib', '100'];
  const rig = spawn(process.execPath, args, { env: { ...process.env, TMPDIR }, stdio: 'ignore' });
  onTestFinished(() => void rig.kill('SIGKILL'));
  const ended = once(rig, 'exit');
  await expect.poll(() => globSync('*/queue.db-wal', { cwd: TMPDIR }), WAITS).toHaveLength(1);
  const started = childrenOf(rig.pid);
  rig.kill('SIGTERM');
  expect(await ended).toEqual([143, null]);
  await expect.poll(() => started.filter(isAlive), WAITS).toEqual([]);
  expect(globSync('holdfast-*', { cwd: TMPDIR, onlyFiles: false })).toEqual([]);
}, 150_000);
