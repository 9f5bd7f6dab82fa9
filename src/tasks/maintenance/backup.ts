import type { Json } from '../../core/index.js';
import type { MaintenanceTask } from './maintenance-task.js';

/** Takes backups, where there is a place for them. */
export interface Backups {
  /** Between two, in milliseconds. */
  readonly everyMs: number;
  /** Takes one and deletes those that are too many; resolves with what it did. */
  take(signal: AbortSignal): Promise<Readonly<Record<string, Json>>>;
}

/** Databases may be large. */
const RUN_MS_MAX = 3_600_000;

/** A backup of both databases. */
export function backupTask(backups: Backups): MaintenanceTask {
  return {
    name: 'backup',
    intervalMs: backups.everyMs,
    runMsMax: RUN_MS_MAX,
    run: async ({ signal }) => ({ outcome: 'completed', counts: await backups.take(signal) }),
  };
}
