import { uuidv7 } from 'uuidv7';
import { expect } from 'vitest';
import type { Database } from '../../src/db/index.js';
import type { Claim, ClaimAsk, Enqueue, PromiseStore } from '../../src/promises/index.js';

/** A store over a database of its own, its time in the test's hands. */
export interface StoreFixture {
  readonly database: Database;
  readonly store: PromiseStore;
  /** Another store over the same database, as another worker has it. */
  readonly other: PromiseStore;
  readonly time: { now: number };
}

export type Open = () => Promise<StoreFixture>;

export const T0 = 1_800_000_000_000;
export const MINUTE = 60_000;

export const make = (over: Partial<Enqueue> = {}): Enqueue => ({
  id: uuidv7(),
  type: 'echo',
  ...over,
});

export const ask = (over: Partial<ClaimAsk> = {}): ClaimAsk => ({
  token: uuidv7(),
  worker: 'w1',
  limit: 10,
  leaseMs: 30_000,
  ...over,
});

export async function claimOne(store: PromiseStore, over: Partial<ClaimAsk> = {}): Promise<Claim> {
  const [claim] = await store.claim(ask({ limit: 1, ...over }));
  if (claim === undefined) throw new Error('nothing was due');
  return claim;
}

/** Counters must equal the rows, always. */
export async function expectCountersRight({ database, store }: StoreFixture): Promise<void> {
  const [rows] = await database.read([
    { sql: 'SELECT status, count(*) AS n FROM promises GROUP BY status' },
  ]);
  const real = Object.fromEntries((rows?.rows ?? []).map((row) => [row.status, row.n]));
  for (const [status, n] of Object.entries((await store.figures()).byStatus)) {
    expect([status, n]).toEqual([status, real[status] ?? 0]);
  }
  const [lanes] = await database.read([{ sql: LANES }]);
  for (const { queue, lane, open, real: n } of lanes?.rows ?? []) {
    expect([queue, lane, open]).toEqual([queue, lane, n]);
  }
}

const LANES = `
SELECT l.queue, l.lane, l.open, (
  SELECT count(*) FROM promises p WHERE p.queue = l.queue AND p.lane = l.lane
    AND p.status IN ('pending', 'in_progress')
) AS real FROM lanes l`;

const TABLES = [
  'promises',
  'bodies',
  'failures',
  'recoveries',
  'claims',
  'lines',
  'lanes',
  'dependencies',
  'tags',
  'queues',
  'paused_types',
];

/** As after the migrations: for suites that share a server. */
export async function emptyTables(database: Database): Promise<void> {
  await database.write(TABLES.map((table) => ({ sql: `DELETE FROM ${table}` })));
}
