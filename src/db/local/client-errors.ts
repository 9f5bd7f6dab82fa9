import { LibsqlBatchError, LibsqlError } from '@libsql/core/api';
import Binding from 'libsql';
import { HoldfastError } from '../../core/index.js';

/** Their name for each base code of SQLite. */
const CODES: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  2: 'SQLITE_INTERNAL',
  3: 'SQLITE_PERM',
  4: 'SQLITE_ABORT',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  9: 'SQLITE_INTERRUPT',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  12: 'SQLITE_NOTFOUND',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  15: 'SQLITE_PROTOCOL',
  16: 'SQLITE_EMPTY',
  17: 'SQLITE_SCHEMA',
  18: 'SQLITE_TOOBIG',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
  21: 'SQLITE_MISUSE',
  22: 'SQLITE_NOLFS',
  23: 'SQLITE_AUTH',
  24: 'SQLITE_FORMAT',
  25: 'SQLITE_RANGE',
  26: 'SQLITE_NOTADB',
  27: 'SQLITE_NOTICE',
  28: 'SQLITE_WARNING',
};

/** What the caller's SQL caused leaves as their error; what locking caused, as ours. */
export function toClientError(error: unknown): unknown {
  if (error instanceof HoldfastError && error.code === 'database-closed') return clientClosed();
  if (!(error instanceof Binding.SqliteError)) return error;
  const { message, rawCode } = error;
  return new LibsqlError(message, baseCode(rawCode), error.code, rawCode, error);
}

export function toBatchError(error: unknown, index: number): unknown {
  const mapped = toClientError(error);
  if (mapped instanceof LibsqlBatchError || !(mapped instanceof LibsqlError)) return mapped;
  const { message, code, extendedCode, rawCode, cause } = mapped;
  return new LibsqlBatchError(
    message,
    index,
    code,
    extendedCode,
    rawCode,
    cause instanceof Error ? cause : undefined,
  );
}

export function clientClosed(): LibsqlError {
  return new LibsqlError('The client is closed', 'CLIENT_CLOSED');
}

export function transactionClosed(): LibsqlError {
  return new LibsqlError('The transaction is closed', 'TRANSACTION_CLOSED');
}

export function batchRolledBack(index: number): LibsqlBatchError {
  return new LibsqlBatchError('The transaction has been rolled back', index, 'TRANSACTION_CLOSED');
}

function baseCode(rawCode: number | undefined): string {
  if (rawCode === undefined) return 'SQLITE_UNKNOWN';
  const base = rawCode & 0xff;
  return CODES[base] ?? `SQLITE_UNKNOWN_${base}`;
}
