import type { Transaction } from '@libsql/core/api';
import { type RetryConflictsOptions, retryConflicts } from '../retry-conflicts.js';

export interface RunInTransactionOptions<T, Tx extends Transaction> extends RetryConflictsOptions {
  readonly begin: () => Promise<Tx>;
  /** Marks what `work` causes as done inside the transaction. */
  readonly within: (tx: Tx, work: () => Promise<T>) => Promise<T>;
  readonly run: (tx: Transaction) => Promise<T>;
}

/** Commits when `run` resolves, rolls back when it throws, and runs it again after a conflict. */
export function runInTransaction<T, Tx extends Transaction>(
  options: RunInTransactionOptions<T, Tx>,
): Promise<T> {
  return retryConflicts(() => once(options), options);
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
