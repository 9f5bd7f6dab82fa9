import type { PromiseStore, WaitingReport } from '../../promises/index.js';
import type { MaintenanceTask } from './maintenance-task.js';
import type { MaintenanceSettings } from './settings.js';

type Recovering = Pick<PromiseStore, 'recover' | 'recoverWaiting'>;

interface Counts {
  stalled: number;
  quarantined: number;
  orphaned: number;
  done: boolean;
}

/**
 * Stalled promises become due again, orphaned ones get found again: the net under
 * the executor, which does the most of it when the earliest lease ends. It writes to the
 * queue alone and is fenced there, so it needs no record to be safe.
 */
export function recoveryTask(
  promises: Recovering,
  { slicesMax, sliceRowsMax, recoveryIntervalMs }: MaintenanceSettings,
): MaintenanceTask {
  return {
    name: 'recovery',
    intervalMs: recoveryIntervalMs,
    vital: true,
    run: async ({ signal }) => {
      const counts: Counts = { stalled: 0, quarantined: 0, orphaned: 0, done: false };
      for (let slice = 0; slice < slicesMax && !counts.done && !signal.aborted; slice += 1) {
        const report = await promises.recover({ limit: sliceRowsMax });
        counts.stalled += report.stalled;
        counts.quarantined += report.quarantined;
        counts.orphaned += report.orphaned;
        counts.done = !report.more;
      }
      counts.done = (await recoverWaiting(promises, counts, slicesMax, signal)) && counts.done;
      return { outcome: 'completed', counts: { ...counts }, goesOn: !counts.done };
    },
  };
}

/** True when all were looked at. */
async function recoverWaiting(
  promises: Recovering,
  counts: Counts,
  slicesMax: number,
  signal: AbortSignal,
): Promise<boolean> {
  let after: WaitingReport['next'] | undefined;
  for (let slice = 0; slice < slicesMax && after !== null && !signal.aborted; slice += 1) {
    const report = await promises.recoverWaiting(after);
    counts.orphaned += report.promises.length;
    after = report.next;
  }
  return after === null;
}
