import type { Json } from '../core/index.js';
import { NOW, type ResultSet, type SqlClock } from '../db/index.js';
import { listOf, OPEN_LINES } from './lines.js';
import { LIMITS } from './limits.js';
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
}

/** Due promises of the open lines, first priorities first: a seek a line and priority (F21). */
const READY = `
SELECT p.id, p.queue, p.type, p.priority, p.run_at, p.payload_length
FROM line CROSS JOIN promises p ON p.id IN (
  SELECT r.id FROM promises r INDEXED BY promises_ready_by_line
  WHERE r.status = 'pending' AND r.queue = line.queue AND r.type = line.type
    AND r.priority = line.priority AND r.run_at <= ${NOW}
  ORDER BY r.run_at LIMIT ?4
)
ORDER BY p.priority, p.run_at, p.id LIMIT ?4`;

/** `?5` token, `?6` worker. Nothing due writes nothing; a token that is known changes nothing. */
const RECORD_CLAIM = `
INSERT INTO claims (token, worker, promise_ids, lines, claimed_at)
WITH ${OPEN_LINES}, ready AS (${READY}), fitting AS MATERIALIZED (
  SELECT id, queue, type FROM (
    SELECT id, queue, type, payload_length, sum(payload_length) OVER (
      ORDER BY priority, run_at, id ROWS UNBOUNDED PRECEDING
    ) AS length FROM ready
  ) WHERE length - payload_length < ${LIMITS.claimLengthMax}
)
SELECT ?5, ?6, taken.ids, (
  SELECT json_group_array(json_array(queue, type, n))
  FROM (SELECT queue, type, count(*) AS n FROM fitting GROUP BY queue, type)
), ${NOW} FROM (SELECT json_group_array(id) AS ids FROM fitting) taken WHERE taken.ids <> '[]'
ON CONFLICT (token) DO NOTHING`;

/** A claim that is not yet carried out. */
const uncounted = (column: 'promise_ids' | 'lines') =>
  `json_each((SELECT ${column} FROM claims WHERE token = ?2 AND counted = 0))`;

const COUNT_CLAIMED = `
UPDATE lines SET pending = pending - (moved.value ->> 2), in_progress = in_progress + (moved.value ->> 2)
FROM ${uncounted('lines')} moved
WHERE lines.queue = moved.value ->> 0 AND lines.type = moved.value ->> 1`;

const LEASE = `
UPDATE promises SET status = 'in_progress', attempt = attempt + 1, fence = fence + 1, claim = ?2,
  lease_ms = ?3, lease_expires_at = ${NOW} + ?3, heartbeat_at = NULL, started_at = ${NOW}
WHERE id IN (SELECT value FROM ${uncounted('promise_ids')})`;

const MARK_COUNTED = 'UPDATE claims SET counted = 1 WHERE token = ?1 AND counted = 0';

/** One text for the whole claim: a thousand rows cost more to hand over than to parse. */
const SELECT_CLAIMED = `
SELECT json_group_array(json_array(p.id, p.type, p.queue, coalesce(p.payload, b.body), p.attempt,
  p.max_attempts, p.backoff, p.timeout_ms, p.epoch, p.fence, p.lease_expires_at)) AS claims
FROM (
  SELECT * FROM promises
  WHERE id IN (SELECT value FROM json_each((SELECT promise_ids FROM claims WHERE token = ?1)))
    AND claim = ?1 AND status = 'in_progress'
  ORDER BY priority, run_at, id
) p
LEFT JOIN bodies b ON p.payload IS NULL AND b.promise_id = p.id AND b.part = 'payload'`;

type ClaimedRow = [
  string,
  string,
  string,
  string,
  number,
  number,
  string | null,
  number,
  number,
  number,
  number,
];

/** Takes due promises: one round trip. Sent again it changes nothing and gives the same answer. */
export function claimOperation(ask: ClaimAsk, clock: SqlClock): Operation<Claim[]> {
  const { token, worker, limit, leaseMs } = ask;
  const lines = [listOf(ask.types ?? null), listOf(ask.queues ?? null)];
  return {
    statements: [
      { sql: RECORD_CLAIM, args: [clock(), ...lines, limit, token, worker] },
      { sql: COUNT_CLAIMED, args: [null, token] },
      { sql: LEASE, args: [clock(), token, leaseMs] },
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
    backoff: row[6] === null ? null : (JSON.parse(row[6]) as Claim['backoff']),
    timeoutMs: row[7],
    epoch: row[8],
    fence: row[9],
    leaseExpiresAt: row[10],
  }));
}
