import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLog } from '../../src/core/index.js';
import {
  createClient,
  type Database,
  type DatabaseEvent,
  type OpenOptions,
  openDatabase,
} from '../../src/db/index.js';
import { tempDir } from '../support/temp-dir.js';
import { FakeServer, JumpingClock, refuseBusy } from './fake-server.js';

const CREATE = { sql: 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)' };
const INSERT = { sql: "INSERT INTO notes (text) VALUES ('x')" };

async function open(options: Partial<OpenOptions> = {}) {
  const events: DatabaseEvent[] = [];
  const lines: { code: string; level: string; label?: string; database: string }[] = [];
  const url = `file:${join(tempDir(), 'test.db')}`;
  const database = await openDatabase({
    name: 'test',
    profile: 'queue',
    url,
    onEvent: (event) => events.push(event),
    log: createLog('debug', (line) => lines.push(JSON.parse(line))),
    ...options,
  });
  onTestFinished(() => database.close());
  return { database, url, lines, of: (kind: string) => events.filter((one) => one.kind === kind) };
}

const bucketed = (database: Database, label: string) => {
  const { lockWait, lockWaits } = database.telemetry().labels[label] ?? {};
  return { lockWaits, counted: lockWait?.counts.reduce((sum, count) => sum + count, 0) };
};

describe('telemetry', () => {
  it('counts what was done, by label', async () => {
    const { database, of } = await open();
    await database.write([CREATE], { label: 'create' });
    for (let n = 0; n < 7; n += 1) await database.write([INSERT, INSERT], { label: 'add' });
    for (let n = 0; n < 3; n += 1) await database.read([{ sql: 'SELECT 1' }], { label: 'look' });
    await database
      .write([{ sql: 'INSERT INTO nowhere VALUES (1)' }], { label: 'add' })
      .catch(() => {});
    const { labels, total, walBytes } = database.telemetry();
    expect(labels.add).toMatchObject({ writes: 8, reads: 0, failures: 1, busy: 0, lockWaits: 0 });
    expect(labels.look).toMatchObject({ writes: 0, reads: 3, failures: 0 });
    expect(total).toMatchObject({ writes: 9, failures: 1, busy: 0, retries: 0, rowsRead: null });
    expect(total.reads).toBe(3);
    expect(walBytes).toBeGreaterThan(0);
    expect(of('busy')).toEqual([]);
  });

  it('has a wait of its own process in the histogram, and tells who held the lock', async () => {
    const { database, of, lines } = await open();
    await database.write([CREATE]);
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const holding = database.transaction(() => ended, { label: 'holder' });
    const waiting = [1, 2, 3].map(() => database.write([INSERT], { label: 'add' }));
    end();
    await Promise.all([holding, ...waiting]);
    expect(of('lock-wait')).toMatchObject([
      { label: 'add', heldBy: 'holder' },
      { label: 'add' },
      { label: 'add' },
    ]);
    expect(bucketed(database, 'add')).toEqual({ lockWaits: 3, counted: 3 });
    const logged = lines.filter(({ code }) => code === 'lock-wait');
    expect(logged.map(({ level, database: name }) => [level, name])).toEqual(
      Array(3).fill(['debug', 'test']),
    );
  });

  it('counts every BUSY of a file that another connection holds, and one wait', async () => {
    const { database, url, of } = await open();
    await database.write([CREATE]);
    const other = createClient({ url });
    onTestFinished(() => other.close());
    const tx = await other.transaction('write');
    await tx.execute(INSERT.sql);
    const writing = database.write([INSERT], { label: 'add' });
    await expect.poll(() => of('busy').length).toBeGreaterThan(3);
    await tx.commit();
    await writing;
    const { busy, lockWaits } = database.telemetry().labels.add ?? {};
    expect(busy).toBe(of('busy').length);
    expect(lockWaits).toBe(1);
    expect(of('lock-wait')).toMatchObject([{ label: 'add', heldBy: 'another process' }]);
  });

  it('tells of a slow write, of a checkpoint, and of a call past its deadline', async () => {
    const { database, url, of, lines } = await open({ slowWriteMs: 0 });
    await database.write([CREATE], { label: 'create' });
    expect(of('slow-write')).toMatchObject([{ label: 'create' }]);
    await database.checkpoint();
    expect(of('checkpoint')).toMatchObject([{ checkpoint: { outcome: 'done' } }]);
    const other = createClient({ url });
    onTestFinished(() => other.close());
    const tx = await other.transaction('write');
    const late = database.write([INSERT], { label: 'late', deadlineMs: 20 });
    await expect(late).rejects.toMatchObject({ code: 'database-busy' });
    await tx.rollback();
    expect(of('deadline-passed')).toMatchObject([{ label: 'late', heldBy: 'another process' }]);
    expect(database.telemetry().labels.late).toMatchObject({ deadlinesPassed: 1, failures: 1 });
    const warned = lines.filter(({ level }) => level === 'warn').map(({ code }) => code);
    expect(warned).toEqual(expect.arrayContaining(['slow-write', 'deadline-passed']));
  });

  it('counts a server that was busy, the retries, and the rows it tells', async () => {
    const server = new FakeServer();
    server.next.push(refuseBusy, refuseBusy, refuseBusy);
    const { fetch } = server;
    const { database, of } = await open({
      url: 'http://server.test',
      clock: new JumpingClock(),
      fetch,
    });
    await database.write([INSERT], { label: 'add' });
    expect(database.telemetry().labels.add).toMatchObject({
      writes: 1,
      busy: 3,
      retries: 3,
      failures: 0,
      rowsRead: 12,
      rowsWritten: 8,
    });
    expect(of('busy')).toMatchObject([{ times: 1 }, { times: 2 }, { times: 3 }]);
    expect(of('retry')).toMatchObject(Array(3).fill({ label: 'add', reason: 'database-busy' }));
  });
});
