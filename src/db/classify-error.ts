import { type ErrorCode, HoldfastError, messageOf } from '../core/index.js';

/**
 * What an error of libSQL, of its client, of `fetch` or of the network means.
 * Told by codes and status only: messages change.
 */
export interface Fault {
  readonly code: ErrorCode;
  /** `none`: nothing was written. `unknown`: the request may have been carried out (R6). */
  readonly effect: 'none' | 'unknown';
  /** The same call may succeed later. */
  readonly retryable: boolean;
  /** The server itself failed or could not be reached: what a circuit breaker counts. */
  readonly outage: boolean;
  /** HTTP status, where there was one. */
  readonly status: number | null;
}

const fault = (
  code: ErrorCode,
  effect: Fault['effect'],
  retryable: boolean,
  outage = false,
  status: number | null = null,
): Fault => ({ code, effect, retryable, outage, status });

const BY_BASE_CODE: Readonly<Record<number, ErrorCode>> = {
  5: 'database-busy',
  6: 'database-busy',
  8: 'database-read-only',
  9: 'cancelled',
  10: 'database-unavailable',
  11: 'database-corrupt',
  13: 'database-full',
  14: 'database-unavailable',
  15: 'database-busy',
  19: 'constraint-violated',
  26: 'database-corrupt',
};

const BASE_CODES: Readonly<Record<string, number>> = {
  SQLITE_BUSY: 5,
  SQLITE_LOCKED: 6,
  SQLITE_READONLY: 8,
  SQLITE_INTERRUPT: 9,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_PROTOCOL: 15,
  SQLITE_CONSTRAINT: 19,
  SQLITE_NOTADB: 26,
};

const BUSY_SNAPSHOT = 517;

const BY_NAME: Readonly<Record<string, Fault>> = {
  SQLITE_BUSY_SNAPSHOT: fault('transaction-conflict', 'none', true),
  TRANSACTION_TIMEOUT: fault('transaction-expired', 'none', true),
  TRANSACTION_CLOSED: fault('transaction-expired', 'none', true),
  TRANSACTION_BUSY: fault('database-busy', 'none', true),
  STREAM_EXPIRED: fault('transaction-expired', 'none', true),
  RESPONSE_TOO_LARGE: fault('response-too-large', 'unknown', false),
  BLOCKED: fault('database-read-only', 'none', false),
  CLIENT_CLOSED: fault('database-closed', 'none', false),
  HRANA_CLOSED_ERROR: fault('database-unavailable', 'unknown', true, true),
  HRANA_WEBSOCKET_ERROR: fault('database-unavailable', 'unknown', true, true),
  HRANA_PROTO_ERROR: fault('database-unavailable', 'unknown', true, true),
};

/** Network errors that happen before a request has left. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function classifyError(error: unknown): Fault {
  if (error instanceof HoldfastError) return fault(error.code, 'none', error.retryable);
  const status = findStatus(error);
  if (status !== null) return byStatus(status);
  const raw = property(error, 'rawCode');
  if (typeof raw === 'number' && raw > 0) return byRawCode(raw);
  const name = property(error, 'code');
  // The binding has no code for a file that it cannot open.
  if (name === '') return fault('database-unavailable', 'none', true);
  if (typeof name === 'string' && !isNetworkCode(name)) return byName(name);
  return byNetwork(error);
}

/** The typed error to throw for a foreign one. Ours pass unchanged. */
export function translateError(error: unknown, label: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const { code, retryable, status } = classifyError(error);
  return new HoldfastError(code, `${label}: ${messageOf(error)}`, {
    cause: error,
    retryable,
    details: { label, ...(status === null ? {} : { status }), ...sqliteCode(error) },
  });
}

/** True for SQLITE_BUSY and its kin, which waiting may cure. */
export function isBusy(error: unknown): boolean {
  const raw = property(error, 'rawCode');
  if (typeof raw === 'number')
    return raw !== BUSY_SNAPSHOT && BY_BASE_CODE[raw & 0xff] === 'database-busy';
  return classifyError(error).code === 'database-busy';
}

/** True when the server has given the lock of a transaction to others, and rolled it back (R2). */
export function isGivenUp(error: unknown): boolean {
  return property(error, 'code') === 'TRANSACTION_TIMEOUT';
}

/** True when the statement writes and the connection may only read. */
export function isReadOnly(error: unknown): boolean {
  return classifyError(error).code === 'database-read-only';
}

/** True when the connection itself can no longer be trusted. */
export function isBadConnection(error: unknown): boolean {
  const { code } = classifyError(error);
  return code === 'database-unavailable' || code === 'database-corrupt' || code === 'internal';
}

function byStatus(status: number): Fault {
  if (status === 401 || status === 403) return fault('database-auth', 'none', false, false, status);
  if (status === 429) return fault('database-rate-limited', 'none', true, true, status);
  if (status === 408 || status >= 500) {
    return fault('database-unavailable', 'unknown', true, true, status);
  }
  return fault('sql-invalid', 'none', false, false, status);
}

function byRawCode(raw: number): Fault {
  if (raw === BUSY_SNAPSHOT) return fault('transaction-conflict', 'none', true);
  const code = BY_BASE_CODE[raw & 0xff] ?? 'sql-invalid';
  return fault(code, 'none', code === 'database-busy' || code === 'database-unavailable');
}

function byName(name: string): Fault {
  const known = BY_NAME[name];
  if (known !== undefined) return known;
  const base = Object.keys(BASE_CODES).find((code) => name === code || name.startsWith(`${code}_`));
  if (base !== undefined) return byRawCode(BASE_CODES[base] ?? 1);
  if (name === 'SERVER_ERROR' || name === 'INTERNAL_ERROR' || name === 'UNKNOWN') {
    return fault('database-unavailable', 'unknown', true, true);
  }
  return fault('sql-invalid', 'none', false);
}

function byNetwork(error: unknown): Fault {
  const name = property(error, 'name');
  if (name === 'TimeoutError') return fault('database-timeout', 'unknown', true, true);
  if (name === 'AbortError') return fault('cancelled', 'unknown', false);
  const code = property(error, 'code') ?? property(property(error, 'cause'), 'code');
  if (typeof code === 'string' && NOT_SENT.has(code)) {
    return fault('database-unavailable', 'none', true, true);
  }
  if (error instanceof RangeError) return fault('sql-invalid', 'none', false);
  if (error instanceof TypeError && typeof code !== 'string' && !hasCause(error)) {
    return fault('sql-invalid', 'none', false);
  }
  return fault('database-unavailable', 'unknown', true, true);
}

function hasCause(error: Error): boolean {
  return error.cause !== undefined;
}

function isNetworkCode(name: string): boolean {
  return NOT_SENT.has(name) || name.startsWith('UND_') || /^E[A-Z]+$/.test(name);
}

/** R5: the status sits on the cause of the client's error. */
function findStatus(error: unknown): number | null {
  for (let at = error, depth = 0; depth < 4 && at instanceof Error; at = at.cause, depth += 1) {
    const status = property(at, 'status');
    if (typeof status === 'number' && status >= 400) return status;
  }
  return null;
}

function sqliteCode(error: unknown): Readonly<Record<string, unknown>> {
  const code = property(error, 'extendedCode') ?? property(error, 'code');
  return typeof code === 'string' ? { sqliteCode: code } : {};
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
