import { expect } from 'vitest';
import type { Database } from '../../src/db/index.js';
import {
  type NewScheduleInput,
  newSchedule,
  type Occurrence,
  PromiseStore,
  Schedules,
} from '../../src/promises/index.js';

export const T0 = Date.UTC(2027, 0, 15, 8, 0, 0);
export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Schedules over a database of their own, their time in the test's hands. */
export interface ScheduleFixture {
  readonly database: Database;
  readonly schedules: Schedules;
  /** The same, as another instance has it. */
  readonly other: Schedules;
  readonly store: PromiseStore;
  readonly time: { now: number };
}

export type Open = () => Promise<ScheduleFixture>;

export function fixtureOf(database: Database): ScheduleFixture {
  const time = { now: T0 };
  const clock = () => time.now;
  return {
    database,
    time,
    schedules: new Schedules(database, { clock }),
    other: new Schedules(database, { clock }),
    store: new PromiseStore(database, { clock, random: () => 0 }),
  };
}

/** A schedule of every minute, unless told otherwise. */
export function schedule(over: Partial<NewScheduleInput> = {}) {
  const time = over.every === undefined ? { cron: '* * * * *' } : {};
  return newSchedule.parse({ name: 'report', ...time, promise: { type: 'echo' }, ...over });
}

/** Whole history of a schedule, oldest first, in few words. */
export async function history({ schedules }: ScheduleFixture, name = 'report') {
  const { occurrences } = await schedules.occurrences(name, { limit: 200 });
  return occurrences.map(inShort).reverse();
}

function inShort(one: Occurrence): string {
  const at = new Date(one.slotAt).toISOString().slice(11, 19);
  if (one.kind !== 'skipped') return `${at} ${one.kind}`;
  const last = new Date(one.lastSlotAt).toISOString().slice(11, 19);
  return `${at}-${last} ${one.reason} ${one.slots}`;
}

/** Promises by when they are due. */
export async function promisesOf({ store }: ScheduleFixture) {
  const { promises } = await store.list({ limit: 100 });
  return [...promises].sort((a, b) => a.runAt - b.runAt);
}

export async function expectCountersRight({ database, store }: ScheduleFixture): Promise<void> {
  const [rows] = await database.read([
    { sql: 'SELECT status, count(*) AS n FROM promises GROUP BY status' },
  ]);
  const real = Object.fromEntries((rows?.rows ?? []).map((row) => [row.status, row.n]));
  for (const [status, n] of Object.entries((await store.figures()).byStatus)) {
    expect([status, n]).toEqual([status, real[status] ?? 0]);
  }
}

/** Runs and completes what is due, once. */
export async function settleDue({ store }: ScheduleFixture): Promise<number> {
  const ask = { token: crypto.randomUUID(), worker: 'w', limit: 100, leaseMs: 30_000 };
  const claims = await store.claim(ask);
  await store.settle(claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete' as const })));
  return claims.length;
}
