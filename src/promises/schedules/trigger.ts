import { HoldfastError } from '../../core/index.js';
import type { Database, SqlClock } from '../../db/index.js';
import { findPromise } from '../lookup.js';
import { perform } from '../operation.js';
import type { PromiseRecord } from '../promise.js';
import { recordFirings } from './backfill.js';
import { getSchedule, timeOf } from './lookup.js';
import { makePromises } from './make.js';

/** Triggers of one schedule in the same millisecond: each takes one of its own. */
const TRIES_MAX = 100;

/**
 * Makes a schedule's promise now, paused or not, whatever else of it is open. A promise
 * with this id that is there already is the answer: a call that was broken off fires once.
 * @throws HoldfastError `not-found`
 */
export async function triggerSchedule(
  database: Database,
  clock: SqlClock,
  name: string,
  promiseId: string,
): Promise<PromiseRecord> {
  const before = await findPromise(database, promiseId);
  if (before !== undefined) return before;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const schedule = await getSchedule(database, name);
    const slotAt = (await timeOf(database, clock)) + tries;
    const runAt = slotAt - tries + (schedule.promise.delay ?? 0);
    const firing = { slotAt, runAt, promiseId, after: null };
    try {
      await perform(database, 'schedules.trigger', [
        recordFirings(schedule, 'manual', [firing], clock),
        makePromises([{ schedule, firing }], clock),
      ]);
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'constraint-violated')) throw error;
    }
    // None when another trigger had the same millisecond; also when only the answer was lost.
    const known = await findPromise(database, promiseId);
    if (known !== undefined) return known;
  }
  throw new HoldfastError('database-busy', `${name}: others trigger this schedule all the time`, {
    retryable: true,
  });
}
