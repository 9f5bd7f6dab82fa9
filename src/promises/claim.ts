import type { Json } from '../core/index.js';
import { NOW, type ResultSet, type SqlClock } from '../db/index.js';
import { claimedEvent } from './events.js';
import { LIMITS } from './limits.js';
import { filterArgs, OPEN_LINES } from './lines.js';
import { lastRows, type Operation } from './operation.js';
import type { PromiseRecord } from './promise.js';
import { jsonOf } from './row.js';

export interface ClaimAsk {
  /** Names this claim: the same token again gives the same answer. */
  readonly token: string;
  readonly worker: string;
  /** 1 to 1,000. */
  readonly limit: number;
  readonly leaseMs: number;
  /** Default all. */
  readonly types?: readonly string[];
  /** Default all. */
  readonly queues?: readonly string[];
}

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

/** Due promises of the open lines, first priorities first: a seek a line and priority (F21). */
const READY = `
SELECT p.seq, p.queue, p.type, p.priority, p.run_at, p.payload_length, line.room
FROM line CROSS JOIN promises p ON p.seq IN (
  SELECT r.seq FROM promises r INDEXED BY promises_ready_by_line
  WHERE r.status = 'pending' AND r.queue = line.queue AND r.type = line.type
    AND r.priority = line.priority AND r.run_at <= ${NOW}
  ORDER BY r.run_at LIMIT ?4
)
WHERE line.room > 0 AND (p.expires_at IS NULL OR p.expires_at > ${NOW} OR p.started_at IS NOT NULL)
ORDER BY p.priority, p.run_at, p.seq LIMIT ?4`;

/** Within the limits of each queue. */
const READY_IN_LIMITS = `
SELECT * FROM (
  SELECT *, row_number() OVER (PARTITION BY queue ORDER BY priority, run_at, seq) AS place
  FROM (${READY})
) WHERE place <= room`;

/** `?5` token, `?6` worker. Nothing due writes nothing; a token that is known changes nothing. */
const recordClaim = (ready: string) => `
INSERT INTO claims (token, worker, seqs, lines, claimed_at)
WITH ${OPEN_LINES}, ready AS (${ready}), fitting AS MATERIALIZED (
  SELECT seq, queue, type FROM (
    SELECT seq, queue, type, payload_length, sum(payload_length) OVER (
      ORDER BY priority, run_at, seq ROWS UNBOUNDED PRECEDING
    ) AS length FROM ready
  ) WHERE length - payload_length < ${LIMITS.claimLengthMax}
)
SELECT ?5, ?6, taken.seqs, (
  SELECT json_group_array(json_array(queue, type, n))
  FROM (SELECT queue, type, count(*) AS n FROM fitting GROUP BY queue, type)
), ${NOW} FROM (SELECT json_group_array(seq) AS seqs FROM fitting) taken WHERE taken.seqs <> '[]'
ON CONFLICT (token) DO NOTHING`;

const RECORD_CLAIM = recordClaim(READY);
const RECORD_LIMITED_CLAIM = recordClaim(READY_IN_LIMITS);

/** A claim that is not yet carried out. */
const uncounted = (column: 'seqs' | 'lines') =>
  `json_each((SELECT ${column} FROM claims WHERE token = ?2 AND counted = 0))`;

const COUNT_CLAIMED = `
UPDATE lines SET pending = pending - (moved.value ->> 2), in_progress = in_progress + (moved.value ->> 2)
FROM ${uncounted('lines')} moved
WHERE lines.queue = moved.value ->> 0 AND lines.type = moved.value ->> 1`;

/** Starts move the clock of a queue's rate. */
const COUNT_RATES = `
UPDATE queues SET rate_at = CAST(
  max(rate_at, ${NOW}) + moved.n * rate_period_ms * 1.0 / rate_limit AS INTEGER
)
FROM (
  SELECT value ->> 0 AS queue, sum(value ->> 2) AS n FROM ${uncounted('lines')} GROUP BY 1
) moved
WHERE queues.name = moved.queue AND rate_limit IS NOT NULL`;

const LEASE = `
UPDATE promises SET status = 'in_progress', unique_key = iif(unique_scope = 'pending', NULL, unique_key), attempt = attempt + 1, fence = fence + 1, claim = ?2,
  lease_ms = ?3, lease_expires_at = ${NOW} + ?3, heartbeat_at = NULL, started_at = ${NOW}
WHERE seq IN (SELECT value FROM ${uncounted('seqs')})`;

const MARK_COUNTED = 'UPDATE claims SET counted = 1 WHERE token = ?1 AND counted = 0';

/** One text for the whole claim: a thousand rows cost more to hand over than to parse. */
const SELECT_CLAIMED = `
SELECT json_group_array(json_array(p.id, p.type, p.queue, coalesce(p.payload, b.body), p.attempt,
  p.max_attempts, p.backoff, p.timeout_ms, p.epoch, p.fence, p.lease_expires_at, p.lane,
  p.is_strict, nullif(coalesce(s.body, p.state), ''), p.metadata,
  max(0, p.started_at - p.run_at))) AS claims
FROM (
  SELECT * FROM promises
  WHERE seq IN (SELECT value FROM json_each((SELECT seqs FROM claims WHERE token = ?1)))
    AND claim = ?1 AND status = 'in_progress'
  ORDER BY priority, run_at, seq
) p
LEFT JOIN bodies b ON p.payload IS NULL AND b.promise_id = p.id AND b.part = 'payload'
LEFT JOIN bodies s ON p.state = '' AND s.promise_id = p.id AND s.part = 'state'`;

type ClaimedRow = [
  id: string,
  type: string,
  queue: string,
  payload: string,
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
  waitedMs: number,
];

/**
 * Takes due promises: one round trip. Sent again it changes nothing and gives the
 * same answer. `isLimited` says that some queue has a limit to keep to.
 */
export function claimOperation(
  ask: ClaimAsk,
  clock: SqlClock,
  isLimited: boolean,
): Operation<Claim[]> {
  const { token, worker, limit, leaseMs } = ask;
  const record = isLimited ? RECORD_LIMITED_CLAIM : RECORD_CLAIM;
  return {
    statements: [
      { sql: record, args: [clock(), ...filterArgs(ask), limit, token, worker] },
      { sql: COUNT_CLAIMED, args: [null, token] },
      ...(isLimited ? [{ sql: COUNT_RATES, args: [clock(), token] }] : []),
      { sql: LEASE, args: [clock(), token, leaseMs] },
      claimedEvent(token, clock),
      { sql: MARK_COUNTED, args: [token] },
      { sql: SELECT_CLAIMED, args: [token] },
    ],
    read: claimsOf,
  };
}

/** Reads a claim again by its token: what it still holds. */
export function reclaimOperation(token: string): Operation<Claim[]> {
  return { statements: [{ sql: SELECT_CLAIMED, args: [token] }], read: claimsOf };
}

function claimsOf(results: readonly ResultSet[]): Claim[] {
  const rows = jsonOf<ClaimedRow[]>(lastRows(results)[0] ?? {}, 'claims');
  return rows.map((row) => ({
    id: row[0],
    type: row[1],
    queue: row[2],
    payload: JSON.parse(row[3]) as Json,
    attempt: row[4],
    maxAttempts: row[5],
    backoff: parsed<Claim['backoff']>(row[6]),
    timeoutMs: row[7],
    epoch: row[8],
    fence: row[9],
    leaseExpiresAt: row[10],
    lane: row[11],
    isStrict: row[12] === 1,
    state: parsed<Json>(row[13]),
    metadata: parsed<Claim['metadata']>(row[14]),
    waitedMs: row[15],
  }));
}

function parsed<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}
