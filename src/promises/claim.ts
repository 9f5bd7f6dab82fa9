import type { Json } from '../core/index.js';
import { NOW, type SqlClock } from '../db/index.js';
import { countMoves, listOf, OPEN_LANES } from './lanes.js';
import { LIMITS } from './limits.js';
import { lastRows, type Operation } from './operation.js';
import type { PromiseRecord } from './promise.js';
import { jsonOf, numberOf, textOf } from './row.js';

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

/** Due promises of the open lanes, first priorities first: a seek a lane and priority (F21). */
const READY = `
SELECT p.id, p.priority, p.run_at, p.payload_length
FROM lane CROSS JOIN promises p ON p.id IN (
  SELECT r.id FROM promises r INDEXED BY promises_ready_by_lane
  WHERE r.status = 'pending' AND r.queue = lane.queue AND r.type = lane.type
    AND r.priority = lane.priority AND r.run_at <= ${NOW}
  ORDER BY r.run_at LIMIT ?4
)
ORDER BY p.priority, p.run_at, p.id LIMIT ?4`;

/** `?5` token, `?6` worker. Nothing due writes nothing; a token that is known changes nothing. */
const RECORD_CLAIM = `
INSERT INTO claims (token, worker, promise_ids, claimed_at)
WITH ${OPEN_LANES}, ready AS (${READY}), fitting AS (
  SELECT id, payload_length, sum(payload_length) OVER (
    ORDER BY priority, run_at, id ROWS UNBOUNDED PRECEDING
  ) AS length FROM ready
)
SELECT ?5, ?6, json_group_array(id), ${NOW} FROM fitting
WHERE length - payload_length < ${LIMITS.claimLengthMax}
HAVING count(*) > 0
ON CONFLICT (token) DO NOTHING`;

/** The promises of a claim that is not yet carried out. */
const UNCOUNTED = `
SELECT value FROM json_each((SELECT promise_ids FROM claims WHERE token = ?2 AND counted = 0))`;

const COUNT_CLAIMED = countMoves(`
  SELECT queue, type, 'pending' AS before, 'in_progress' AS after FROM promises
  WHERE id IN (${UNCOUNTED})`);

const LEASE = `
UPDATE promises SET status = 'in_progress', attempt = attempt + 1, fence = fence + 1, claim = ?2,
  lease_ms = ?3, lease_expires_at = ${NOW} + ?3, heartbeat_at = NULL, started_at = ${NOW}
WHERE id IN (${UNCOUNTED})`;

const MARK_COUNTED = 'UPDATE claims SET counted = 1 WHERE token = ?1 AND counted = 0';

const SELECT_CLAIMED = `
SELECT p.id, p.type, p.queue, p.attempt, p.max_attempts, p.backoff, p.timeout_ms, p.epoch, p.fence,
  p.lease_expires_at, coalesce(p.payload, b.body) AS payload
FROM promises p
LEFT JOIN bodies b ON p.payload IS NULL AND b.promise_id = p.id AND b.part = 'payload'
WHERE p.id IN (SELECT value FROM json_each((SELECT promise_ids FROM claims WHERE token = ?1)))
  AND p.claim = ?1 AND p.status = 'in_progress'
ORDER BY p.priority, p.run_at, p.id`;

/** Takes due promises: one round trip, safe to send again. */
export function claimOperation(ask: ClaimAsk, clock: SqlClock): Operation<Claim[]> {
  const { token, worker, limit, leaseMs } = ask;
  const lanes = [listOf(ask.types ?? null), listOf(ask.queues ?? null)];
  return {
    statements: [
      { sql: RECORD_CLAIM, args: [clock(), ...lanes, limit, token, worker] },
      { sql: COUNT_CLAIMED, args: [clock(), token] },
      { sql: LEASE, args: [clock(), token, leaseMs] },
      { sql: MARK_COUNTED, args: [token] },
      { sql: SELECT_CLAIMED, args: [token] },
    ],
    read: (results) => lastRows(results).map(claimOf),
  };
}

function claimOf(row: Parameters<typeof textOf>[0]): Claim {
  return {
    id: textOf(row, 'id'),
    type: textOf(row, 'type'),
    queue: textOf(row, 'queue'),
    payload: jsonOf(row, 'payload'),
    attempt: numberOf(row, 'attempt'),
    maxAttempts: numberOf(row, 'max_attempts'),
    backoff: jsonOf(row, 'backoff'),
    timeoutMs: numberOf(row, 'timeout_ms'),
    epoch: numberOf(row, 'epoch'),
    fence: numberOf(row, 'fence'),
    leaseExpiresAt: numberOf(row, 'lease_expires_at'),
  };
}
