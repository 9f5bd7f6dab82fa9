import type { HealthSnapshots } from '../../records/index.js';
import type { HealthReport, HealthReporter } from '../health-report.js';
import type { MaintenanceTask } from './maintenance-task.js';

/** Keeps the health report as history. */
export function healthTask(
  health: Pick<HealthReporter, 'report'>,
  snapshots: HealthSnapshots,
  intervalMs: number,
): MaintenanceTask {
  return {
    name: 'health',
    intervalMs,
    run: async ({ runId }) => {
      const report = await health.report();
      await snapshots.add({ runId, status: report.status, report });
      return { outcome: 'completed', counts: countsOf(report) };
    },
  };
}

function countsOf({ status, queue, databases }: HealthReport) {
  return {
    status,
    databasesOk: databases.filter((database) => database.ok).length,
    pending: queue.byStatus?.pending ?? null,
    oldestReadyAgeMs: queue.oldestReadyAgeMs,
    stalled: queue.stalled,
    successRate: queue.successRate,
  };
}
