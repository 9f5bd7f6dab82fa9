import type { RunEnd } from '../../records/index.js';
import type { TaskName } from './task-name.js';

/** What a maintenance task knows of its run. */
export interface RunContext {
  readonly runId: string;
  /** Aborted when the run's time is over or the service stops: finish what is begun, and return. */
  readonly signal: AbortSignal;
}

/** How a run ended. `goesOn`: more is to be done than one run does, and the next tick goes on. */
export type TaskEnd = RunEnd & { readonly goesOn?: boolean };

/** One thing that the service does for its databases. */
export interface MaintenanceTask {
  readonly name: TaskName;
  /** Null: it runs on request only. */
  readonly intervalMs: number | null;
  /**
   * The longest run, in milliseconds, where that is more than the settings say. Such a task
   * runs beside the rounds, which do not wait for it.
   */
  readonly runMsMax?: number;
  /** True: runs in every round, without a record, while the system database is down. Default false. */
  readonly vital?: boolean;
  /** A throw is a failed run without counts. */
  run(context: RunContext): Promise<TaskEnd>;
}
