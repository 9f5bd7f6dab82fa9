import type { Json } from '../core/index.js';
import type { Row } from '../db/index.js';
import { lastRows, type Operation } from './operation.js';
import type { PromiseRecord } from './promise.js';
import { textOf } from './row.js';

/** A promise that is the worker's until its lease ends. */
export interface Claim {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly payload: Json;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly backoff: PromiseRecord['backoff'];
  readonly timeoutMs: number;
  readonly epoch: number;
  /** Every write about this attempt names it. */
  readonly fence: number;
  readonly leaseExpiresAt: number;
  /** The key of its lane; null when it is in none. */
  readonly lane: string | null;
  /** True in a lane with strict order: its retries keep the lane. */
  readonly isStrict: boolean;
  /** What an earlier run left with `continueWith`; null at first. */
  readonly state: Json;
  readonly metadata: PromiseRecord['metadata'];
  /** How long it had been due, in milliseconds. */
  readonly waitedMs: number;
}

function bodyOf(part: 'payload' | 'state'): string {
  return `(SELECT body FROM bodies WHERE promise_id = promises.id AND part = '${part}')`;
}

/**
 * A worker's view of `promises`, as one text a row and the payload beside it: a row of
 * many columns costs more to hand over than to parse, and a payload in a text is quoted twice.
 */
export const CLAIMED = `
json_array(id, type, queue, attempt, max_attempts, backoff, timeout_ms, epoch, fence,
  lease_expires_at, lane, is_strict, iif(state = '', ${bodyOf('state')}, state), metadata,
  priority, run_at, seq, max(0, started_at - run_at)) AS claim,
coalesce(payload, ${bodyOf('payload')}) AS payload`;

const SELECT_CLAIMED = `
SELECT ${CLAIMED} FROM promises
WHERE seq IN (SELECT value FROM json_each((SELECT seqs FROM claims WHERE token = ?1)))
  AND claim = ?1 AND status = 'in_progress'`;

/** Reads a claim again by its token: what it still holds. */
export function reclaimOperation(token: string): Operation<Claim[]> {
  return {
    statements: [{ sql: SELECT_CLAIMED, args: [token] }],
    read: (results) => claimsOf(lastRows(results)),
  };
}

type ClaimedRow = [
  id: string,
  type: string,
  queue: string,
  attempt: number,
  maxAttempts: number,
  backoff: string | null,
  timeoutMs: number,
  epoch: number,
  fence: number,
  leaseExpiresAt: number,
  lane: string | null,
  isStrict: number,
  state: string | null,
  metadata: string | null,
  priority: number,
  runAt: number,
  seq: number,
  waitedMs: number,
];

/** First priorities first. One text parsed is faster than a thousand. */
export function claimsOf(rows: readonly Row[]): Claim[] {
  const parsed = JSON.parse(
    `[${rows.map((row) => textOf(row, 'claim')).join(',')}]`,
  ) as ClaimedRow[];
  const claims = parsed.map((row, at) => ({ row, payload: textOf(rows[at] as Row, 'payload') }));
  claims.sort(({ row: a }, { row: b }) => a[14] - b[14] || a[15] - b[15] || a[16] - b[16]);
  return claims.map(({ row, payload }) => ({
    id: row[0],
    type: row[1],
    queue: row[2],
    payload: JSON.parse(payload) as Json,
    attempt: row[3],
    maxAttempts: row[4],
    backoff: parsedOf<Claim['backoff']>(row[5]),
    timeoutMs: row[6],
    epoch: row[7],
    fence: row[8],
    leaseExpiresAt: row[9],
    lane: row[10],
    isStrict: row[11] === 1,
    state: parsedOf<Json>(row[12]),
    metadata: parsedOf<Claim['metadata']>(row[13]),
    waitedMs: row[17],
  }));
}

function parsedOf<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}
