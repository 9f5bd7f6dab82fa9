import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/index.js';
import { newSchedule, PromiseStore, Schedules } from '../../src/promises/index.js';
import { childProgram } from '../support/child-program.js';
import { openQueue } from '../support/queue.js';
import { tempDir } from '../support/temp-dir.js';
import type { WorkerOrders } from './killed-worker.js';

const WORKER = childProgram('test/kills/killed-worker.ts');
const T0 = Date.UTC(2027, 0, 15, 8);
const MINUTE = 60_000;
const COUNT = 400;

/** Runs a worker and kills it after so many writes, when they are given; true when it was done before. */
async function runAndKill(orders: WorkerOrders): Promise<boolean> {
  const child = spawn(process.execPath, [WORKER.path, JSON.stringify(orders)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let lines = 0;
  let isDone = false;
  for await (const line of createInterface({ input: child.stdout })) {
    lines += 1;
    isDone ||= line === 'done';
    if (lines === orders.writesMax) child.kill('SIGKILL');
  }
  await exited;
  return isDone;
}

/** Kills one worker after the other until one lives to the end; at least three die. */
async function killThrough(orders: WorkerOrders): Promise<number> {
  let kills = 0;
  for (const writesMax of [1, 7, 17]) {
    if (!(await runAndKill({ ...orders, writesMax }))) kills += 1;
  }
  expect(await runAndKill(orders)).toBe(true);
  return kills;
}

async function setUp(now: number) {
  const path = join(tempDir(), 'queue.db');
  const database = await openQueue(path);
  const store = new PromiseStore(database, { clock: () => now, random: () => 0 });
  return { database, store, url: `file:${path}` };
}

async function count(database: Database, sql: string): Promise<number> {
  const [found] = await database.read([{ sql: `SELECT count(*) AS n FROM ${sql}` }]);
  return Number(found?.rows[0]?.n);
}

/** Counters equal the rows, and nothing hangs on a promise that is gone. */
async function expectWhole(database: Database, store: PromiseStore): Promise<void> {
  const { byStatus } = await store.figures();
  for (const [status, n] of Object.entries(byStatus)) {
    expect([status, n]).toEqual([
      status,
      await count(database, `promises WHERE status = '${status}'`),
    ]);
  }
  for (const table of ['bodies', 'failures']) {
    const orphans = `${table} WHERE promise_id NOT IN (SELECT id FROM promises)`;
    expect([table, await count(database, orphans)]).toEqual([table, 0]);
  }
  const [integrity] = await database.read([{ sql: 'PRAGMA integrity_check' }]);
  expect(integrity?.rows[0]?.integrity_check).toBe('ok');
}

const make = () => ({ id: uuidv7(), type: 'echo', payload: 'x'.repeat(1_000) });

async function claimAll(store: PromiseStore) {
  const ask = { token: uuidv7(), worker: 'dies', limit: COUNT, leaseMs: 30_000 };
  return store.claim(ask);
}

describe('a worker that is killed again and again', () => {
  it('while it recovers leaves every promise due once, and none lost', async () => {
    const { database, store, url } = await setUp(T0);
    await store.enqueue(Array.from({ length: COUNT }, make));
    await claimAll(store);
    const kills = await killThrough({ url, kind: 'recover', now: T0 + MINUTE });
    expect(kills).toBe(3);
    expect(await count(database, "promises WHERE status = 'pending' AND crashes = 1")).toBe(COUNT);
    expect(await count(database, 'failures')).toBe(COUNT);
    await expectWhole(database, store);
  });

  it('while it prunes leaves nothing half deleted', async () => {
    const { database, store, url } = await setUp(T0);
    await store.enqueue(Array.from({ length: COUNT }, make));
    const error = { code: 'x', message: 'x' };
    const claims = await claimAll(store);
    await store.settle(
      claims.map(({ id, fence }) => ({ id, fence, outcome: 'fail', error, retryable: false })),
    );
    await store.enqueue(Array.from({ length: 10 }, make));
    const kills = await killThrough({ url, kind: 'prune', now: T0 + 10 * MINUTE });
    expect(kills).toBe(3);
    expect(await count(database, 'promises')).toBe(10);
    await expectWhole(database, store);
  });

  it('while it fires schedules makes the promise of every slot once', async () => {
    const { database, store, url } = await setUp(T0);
    const schedules = new Schedules(database, { clock: () => T0 });
    for (let n = 0; n < 60; n += 1) {
      const missed = { policy: 'all', cap: 100, window: '1d' } as const;
      const promise = { type: 'echo', payload: 'x'.repeat(60_000) };
      await schedules.create(
        newSchedule.parse({ name: `s${n}`, cron: '* * * * *', promise, missed }),
      );
    }
    const kills = await killThrough({ url, kind: 'fire', now: T0 + 9 * MINUTE });
    expect(kills).toBe(3);
    expect(await count(database, "occurrences WHERE kind = 'fired'")).toBe(600);
    expect(await count(database, 'promises')).toBe(600);
    const made = 'promises p JOIN occurrences o ON o.promise_id = p.id';
    expect(await count(database, made)).toBe(600);
    await expectWhole(database, store);
  });
});
