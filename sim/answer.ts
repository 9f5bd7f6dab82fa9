import { type ErrorCode, HoldfastError } from '../src/core/index.js';
import {
  CommitUnknownError,
  DatabaseBusyError,
  type ResultSet,
  TransactionExpiredError,
} from '../src/db/index.js';
import type { FaultKind } from './faults.js';

/** What is known when a request did not bring its results. */
export interface Failure {
  readonly code: ErrorCode;
  /** `none`: nothing was written. `unknown`: it may have been. */
  readonly effect: 'none' | 'unknown';
  /** The sender tries again by itself, where that is safe. */
  readonly isRepeated: boolean;
  /** What the engine's own database threw. */
  readonly error?: HoldfastError;
}

export type Answer = { readonly results: readonly ResultSet[] } | { readonly failure: Failure };

/** As `src/db/classify-error.ts` has them; its tests show that the real errors become these. */
const FAILURES: Readonly<Record<FaultKind, Failure>> = {
  'request-lost': { code: 'database-unavailable', effect: 'unknown', isRepeated: true },
  'answer-lost': { code: 'database-unavailable', effect: 'unknown', isRepeated: true },
  duplicated: { code: 'database-unavailable', effect: 'unknown', isRepeated: true },
  late: { code: 'database-timeout', effect: 'unknown', isRepeated: true },
  timeout: { code: 'database-timeout', effect: 'unknown', isRepeated: true },
  busy: { code: 'database-busy', effect: 'none', isRepeated: true },
  'status-429': { code: 'database-rate-limited', effect: 'none', isRepeated: true },
  'status-502': { code: 'database-unavailable', effect: 'unknown', isRepeated: true },
  'disk-full': { code: 'database-full', effect: 'none', isRepeated: false },
  'transaction-timeout': { code: 'transaction-expired', effect: 'none', isRepeated: false },
};

export function failureOf(fault: FaultKind): Failure {
  return FAILURES[fault];
}

/** A refusal of the engine's own database, for example of a constraint. */
export function refusalOf(error: HoldfastError): Failure {
  return { code: error.code, effect: 'none', isRepeated: false, error };
}

/** What the caller is told when a request is not sent again. */
export function errorOf(failure: Failure, kind: 'read' | 'write', label: string): HoldfastError {
  const { code, effect, error } = failure;
  if (error !== undefined) return error;
  if (effect === 'unknown' && kind === 'write')
    return new CommitUnknownError(label, new Error(code));
  if (code === 'database-busy') {
    return new DatabaseBusyError(label, 30_000, { label: 'another client', heldMs: 30_000 });
  }
  if (code === 'transaction-expired') return new TransactionExpiredError(label, 5_000, 1);
  const retryable = code !== 'database-full';
  return new HoldfastError(code, `${label}: an injected fault`, { retryable });
}
