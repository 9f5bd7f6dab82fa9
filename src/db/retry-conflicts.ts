import { classifyError } from './classify-error.js';
import type { TelemetryRecorder } from './telemetry.js';

export interface RetryConflictsOptions {
  readonly label: string;
  /** Default 0. */
  readonly conflictRetries?: number | undefined;
  readonly recorder: TelemetryRecorder;
}

/** Runs a whole transaction, and again after a conflict or when its time was over. */
export async function retryConflicts<T>(
  transaction: () => Promise<T>,
  { label, conflictRetries = 0, recorder }: RetryConflictsOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error) {
      const { code } = classifyError(error);
      const mayPass = code === 'transaction-conflict' || code === 'transaction-expired';
      if (attempt > conflictRetries || !mayPass) throw error;
      recorder.retried(label, attempt, code);
    }
  }
}
