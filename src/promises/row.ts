import { HoldfastError, type Json } from '../core/index.js';
import type { Row } from '../db/index.js';
import { HANDLER_VERSION } from './handler-versions.js';
import type { AttemptError, Failure, PromiseRecord } from './promise.js';
import type { Status, WaitsFor } from './states.js';

/** Whole promises: bodies brought in, and who holds them. Followed by WHERE. */
export const SELECT_PROMISES = `
SELECT p.seq, p.id, p.type, p.queue, p.status, p.priority, p.run_at, p.key, p.metadata, p.max_attempts,
  p.backoff, p.timeout_ms, p.attempt, p.crashes, p.epoch, p.fence, p.lease_expires_at, p.error,
  p.created_at, p.started_at, p.settled_at, p.expires_at, p.lane, p.progress, p.waits_for,
  p.unique_key,
  coalesce(p.payload, payload.body) AS payload,
  coalesce(p.result, result.body) AS result,
  c.worker, ${HANDLER_VERSION} AS handler_version
FROM promises p
LEFT JOIN bodies payload
  ON p.payload IS NULL AND payload.promise_id = p.id AND payload.part = 'payload'
LEFT JOIN bodies result
  ON p.result IS NULL AND p.status = 'completed' AND result.promise_id = p.id AND result.part = 'result'
LEFT JOIN claims c ON p.status = 'in_progress' AND c.token = p.claim`;

/** A row of `SELECT_PROMISES` as a promise. */
export function promiseOf(row: Row): PromiseRecord {
  const base = {
    id: textOf(row, 'id'),
    type: textOf(row, 'type'),
    queue: textOf(row, 'queue'),
    priority: numberOf(row, 'priority'),
    payload: jsonOf<Json>(row, 'payload'),
    key: row.key === null ? null : textOf(row, 'key'),
    metadata: jsonOf<Record<string, Json> | null>(row, 'metadata'),
    attempt: numberOf(row, 'attempt'),
    maxAttempts: numberOf(row, 'max_attempts'),
    backoff: jsonOf<PromiseRecord['backoff']>(row, 'backoff'),
    timeoutMs: numberOf(row, 'timeout_ms'),
    fence: numberOf(row, 'fence'),
    epoch: numberOf(row, 'epoch'),
    crashes: numberOf(row, 'crashes'),
    createdAt: numberOf(row, 'created_at'),
    runAt: numberOf(row, 'run_at'),
    startedAt: row.started_at === null ? null : numberOf(row, 'started_at'),
    error: jsonOf<AttemptError | null>(row, 'error'),
    expiresAt: row.expires_at === null ? null : numberOf(row, 'expires_at'),
    concurrencyKey: row.lane === null ? null : textOf(row, 'lane'),
    progress: jsonOf<PromiseRecord['progress']>(row, 'progress'),
  };
  const status = textOf(row, 'status') as Status;
  switch (status) {
    case 'waiting':
      return { ...base, status, waitsFor: textOf(row, 'waits_for') as WaitsFor };
    case 'pending':
      return { ...base, status };
    case 'in_progress': {
      const worker = typeof row.worker === 'string' ? row.worker : 'unknown';
      const version = row.handler_version;
      const handlerVersion = typeof version === 'string' ? version : null;
      const leaseExpiresAt = numberOf(row, 'lease_expires_at');
      return { ...base, status, worker, handlerVersion, leaseExpiresAt };
    }
    case 'completed': {
      const result = jsonOf<Json>(row, 'result');
      return { ...base, status, settledAt: numberOf(row, 'settled_at'), result };
    }
    case 'failed':
    case 'cancelled':
      return { ...base, status, settledAt: numberOf(row, 'settled_at') };
  }
}

/** A row of `failures`. */
export function failureOf(row: Row): Failure {
  return {
    attempt: numberOf(row, 'attempt'),
    fence: numberOf(row, 'fence'),
    at: numberOf(row, 'failed_at'),
    error: jsonOf<AttemptError>(row, 'error'),
  };
}

export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`column ${column} holds no text`);
  return value;
}

export function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new TypeError(`column ${column} holds no number`);
  return value;
}

/** JSON kept as text; null for SQL's NULL. */
export function jsonOf<T>(row: Row, column: string): T {
  const value = row[column];
  return (typeof value === 'string' ? parseStored(value, column) : null) as T;
}

/**
 * We wrote JSON: what is none any more was damaged on the disk.
 * @throws HoldfastError `database-corrupt`
 */
export function parseStored(text: string, column: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged(column, 'is stored as a text that is no JSON', cause);
  }
}

export function damaged(column: string, how: string, cause?: unknown): HoldfastError {
  return new HoldfastError('database-corrupt', `${column} ${how}`, { cause, details: { column } });
}
