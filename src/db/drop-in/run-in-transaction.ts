import type { Transaction } from '@libsql/core/api';
import type { ErrorCode } from '../../core/index.js';
import { classifyError } from '../classify-error.js';
import type { TelemetryRecorder } from '../telemetry.js';

export interface RunInTransactionOptions<T, Tx extends Transaction> {
  readonly begin: () => Promise<Tx>;
  /** Marks what `work` causes as done inside the transaction. */
  readonly within: (tx: Tx, work: () => Promise<T>) => Promise<T>;
  readonly run: (tx: Transaction) => Promise<T>;
  readonly label: string;
  readonly conflictRetries: number;
  readonly recorder: TelemetryRecorder;
}

/** Commits when `run` resolves, rolls back when it throws, and runs it again after a conflict. */
export async function runInTransaction<T, Tx extends Transaction>(
  options: RunInTransactionOptions<T, Tx>,
): Promise<T> {
  const { label, recorder, conflictRetries } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(options);
    } catch (error) {
      const code = conflictOf(error);
      if (attempt > conflictRetries || code === undefined) throw error;
      recorder.retried(label, attempt, code);
    }
  }
}

async function once<T, Tx extends Transaction>(
  options: RunInTransactionOptions<T, Tx>,
): Promise<T> {
  const tx = await options.begin();
  try {
    const result = await options.within(tx, () => options.run(tx));
    await tx.commit();
    return result;
  } finally {
    tx.close();
  }
}

/** The code of what a conflicting or expired transaction throws: it may be run again. */
export function conflictOf(error: unknown): ErrorCode | undefined {
  const { code } = classifyError(error);
  return code === 'transaction-conflict' || code === 'transaction-expired' ? code : undefined;
}
