import { z } from 'zod';
import type { HealthSnapshots } from '../../records/index.js';
import type { HealthReport, HealthReporter } from '../health-report.js';
import { HEALTH_STATES, type HealthState } from '../health-state.js';
import type { MaintenanceTask } from './maintenance-task.js';

/** States that somebody wants to hear of, when they come and when they are over. */
const ALARMING: ReadonlySet<HealthState> = new Set(['attention', 'degraded']);

/** Tells people; resolves when that is sure to happen. Sent again with the same run, it tells once. */
export type HealthAlert = (
  report: HealthReport,
  before: HealthState,
  runId: string,
) => Promise<void>;

export interface HealthTaskParts {
  readonly health: Pick<HealthReporter, 'report'>;
  readonly snapshots: HealthSnapshots;
  /** Default nobody is told. */
  readonly alert?: HealthAlert | undefined;
}

/** Keeps the health report as history, and tells of changes. */
export function healthTask(parts: HealthTaskParts, intervalMs: number): MaintenanceTask {
  const { health, snapshots } = parts;
  return {
    name: 'health',
    intervalMs,
    run: async ({ runId }) => {
      const [report, last] = [await health.report(), await snapshots.latest()];
      const told = toldOf(last?.report);
      const now = await tell(parts, report, told, runId);
      // A report of degraded data that could not be told is told by the next run.
      await snapshots.add({ runId, status: report.status, report: { ...report, told: now } });
      return { outcome: 'completed', counts: { ...countsOf(report), alerted: now !== told } };
    },
  };
}

/** The state that people were told last. */
function toldOf(report: unknown): HealthState {
  const parsed = z.object({ told: z.enum(HEALTH_STATES) }).safeParse(report);
  return parsed.success ? parsed.data.told : 'healthy';
}

/** What people have been told after it: what was told before, when nothing is to be told or it cannot be. */
async function tell(
  { alert }: HealthTaskParts,
  report: HealthReport,
  told: HealthState,
  runId: string,
): Promise<HealthState> {
  const { state } = report;
  if (state === told || !(ALARMING.has(state) || ALARMING.has(told))) return told;
  try {
    await alert?.(report, told, runId);
    return ALARMING.has(state) ? state : 'healthy';
  } catch {
    return told;
  }
}

function countsOf({ status, state, queue, databases }: HealthReport) {
  return {
    status,
    state,
    databasesOk: databases.filter((database) => database.ok).length,
    pending: queue.byStatus?.pending ?? null,
    oldestReadyAgeMs: queue.oldestReadyAgeMs,
    stalled: queue.stalled,
    successRate: queue.successRate,
  };
}
