import type { PromiseStore } from '../../promises/index.js';
import type { MaintenanceTask } from './maintenance-task.js';
import type { MaintenanceSettings } from './settings.js';

/**
 * Stalled promises become due again, orphaned ones get found again: the net under
 * the executor, which does the same when the earliest lease ends. It writes to the
 * queue alone and is fenced there, so it needs no record to be safe.
 */
export function recoveryTask(
  promises: Pick<PromiseStore, 'recover'>,
  settings: MaintenanceSettings,
): MaintenanceTask {
  return {
    name: 'recovery',
    intervalMs: settings.recoveryIntervalMs,
    vital: true,
    run: async ({ signal }) => {
      const counts = { stalled: 0, quarantined: 0, orphaned: 0, done: false };
      for (let slice = 0; slice < settings.slicesMax && !signal.aborted; slice += 1) {
        const report = await promises.recover({ limit: settings.sliceRowsMax });
        counts.stalled += report.stalled;
        counts.quarantined += report.quarantined;
        counts.orphaned += report.orphaned;
        counts.done = !report.more;
        if (counts.done) break;
      }
      return { outcome: 'completed', counts, goesOn: !counts.done };
    },
  };
}
