import { HoldfastError } from '../core/index.js';

/** Who was in the way when a deadline passed. */
export interface Holder {
  /** The label of the operation, or `another process`. */
  readonly label: string;
  /** How long it has held the lock, as far as this process can tell, in milliseconds. */
  readonly heldMs: number;
}

/** The write lock was not free before the deadline. Nothing was written. */
export class DatabaseBusyError extends HoldfastError {
  override readonly name = 'DatabaseBusyError';

  constructor(
    readonly label: string,
    readonly waitedMs: number,
    readonly holder: Holder,
    cause?: unknown,
  ) {
    super(
      'database-busy',
      `${label} waited ${Math.round(waitedMs)} ms for the write lock; ` +
        `${holder.label} has held it for ${Math.round(holder.heldMs)} ms`,
      {
        retryable: true,
        details: { label, waitedMs, heldBy: holder.label, heldMs: holder.heldMs },
        ...(cause === undefined ? {} : { cause }),
      },
    );
  }
}

/** The answer to a write was lost: it may have been committed, or not. */
export class CommitUnknownError extends HoldfastError {
  override readonly name = 'CommitUnknownError';

  constructor(label: string, cause: unknown) {
    super(
      'commit-unknown',
      `${label}: the answer was lost, so whether it was committed is not known`,
      {
        cause,
        details: { label },
      },
    );
  }
}

/** The server has failed so often lately that it is not asked for a while. */
export class CircuitOpenError extends HoldfastError {
  override readonly name = 'CircuitOpenError';

  constructor(
    label: string,
    readonly probeInMs: number,
    cause: unknown,
  ) {
    super(
      'database-unavailable',
      `${label}: the server has not answered well lately; it is asked again in ${Math.ceil(probeInMs)} ms`,
      { cause, retryable: true, details: { label, probeInMs } },
    );
  }
}

/** A write that waits for a lock which its own caller holds would wait for ever. */
export class WouldDeadlockError extends HoldfastError {
  override readonly name = 'WouldDeadlockError';

  constructor(label: string, holder: string) {
    super(
      'would-deadlock',
      `${label} waits for the write lock that its own transaction ${holder} holds; ` +
        'use the transaction that the callback was given',
      { details: { label, holder } },
    );
  }
}

/** The transaction took too long while others waited, so it was rolled back and its lock released. */
export class TransactionExpiredError extends HoldfastError {
  override readonly name = 'TransactionExpiredError';

  constructor(label: string, heldMs: number, waiting: number) {
    super(
      'transaction-expired',
      `${label} was rolled back: it had held the write lock for ${Math.round(heldMs)} ms while ${waiting} waited`,
      { retryable: true, details: { label, heldMs, waiting } },
    );
  }
}

/** Somebody committed between what the transaction read and its first write; run it again. */
export class TransactionConflictError extends HoldfastError {
  override readonly name = 'TransactionConflictError';

  constructor(label: string) {
    super(
      'transaction-conflict',
      `${label} was rolled back: what it had read was changed before its first write`,
      { retryable: true, details: { label } },
    );
  }
}

export function closedError(name: string): HoldfastError {
  return new HoldfastError('database-closed', `database ${name} is closed`, {
    details: { database: name },
  });
}

export function abortedError(label: string, signal: AbortSignal): HoldfastError {
  return new HoldfastError('cancelled', `${label} was cancelled while it waited`, {
    cause: signal.reason,
    details: { label },
  });
}
