import type { ErrorCode, Json } from '../core/index.js';

/** `schedule`: it was due. `manual`: somebody asked for it. */
export const RUN_TRIGGERS = ['schedule', 'manual'] as const;
export type RunTrigger = (typeof RUN_TRIGGERS)[number];

/** `skipped`: there was nothing for it to do here, and `reason` says why. */
export const RUN_OUTCOMES = ['completed', 'failed', 'skipped'] as const;

/** What a run did, in figures. A failed run may have done a part. */
export type RunCounts = Readonly<Record<string, Json>>;

export interface RunError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** How a run ended. */
export type RunEnd =
  | { readonly outcome: 'completed'; readonly counts: RunCounts }
  | { readonly outcome: 'skipped'; readonly counts: RunCounts; readonly reason: string }
  | { readonly outcome: 'failed'; readonly counts: RunCounts; readonly error: RunError };

/** A finished run of a maintenance task. Instants are milliseconds, by the database's clock. */
export type MaintenanceRun = RunEnd & {
  /** UUIDv7. */
  readonly id: string;
  readonly task: string;
  readonly trigger: RunTrigger;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly durationMs: number;
};
