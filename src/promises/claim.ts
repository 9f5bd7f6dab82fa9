import { NOW, type SqlClock } from '../db/index.js';
import { type Claim, IN_LIST, IN_RANGE, reclaimOperation, spanOfClaim } from './claimed.js';
import { claimedEvent, spanOf } from './events.js';
import { LIMITS } from './limits.js';
import { filterArgs, OPEN_LINES } from './lines.js';
import type { Operation } from './operation.js';

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
  /** Only this promise, with its type and its queue alone. Default any. */
  readonly id?: string;
  /** Of the handlers that will run them, by type; a running promise says its own. Default none. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** Due promises of the open lines, first priorities first: a seek a line and priority (F21). */
const READY = `
SELECT p.seq, p.id, p.queue, p.type, p.priority, p.run_at, p.payload_length, line.room
FROM line CROSS JOIN promises p ON p.seq IN (
  SELECT r.seq FROM promises r INDEXED BY promises_ready_by_line
  WHERE r.status = 'pending' AND r.queue = line.queue AND r.type = line.type
    AND r.priority = line.priority AND r.run_at <= ${NOW}
  ORDER BY r.run_at LIMIT ?4
)
WHERE line.room > 0 AND (p.expires_at IS NULL OR p.expires_at > ${NOW} OR p.started_at IS NOT NULL)
ORDER BY p.priority, p.run_at, p.seq LIMIT ?4`;

/** The promise `?8`, if it is due and its queue has room. */
const READY_ONE = `
SELECT p.seq, p.id, p.queue, p.type, p.priority, p.run_at, p.payload_length, line.room
FROM line CROSS JOIN promises p
WHERE p.id = ?8 AND p.status = 'pending' AND p.queue = line.queue AND p.type = line.type
  AND p.priority = line.priority AND p.run_at <= ${NOW} AND line.room > 0
  AND (p.expires_at IS NULL OR p.expires_at > ${NOW} OR p.started_at IS NOT NULL)
LIMIT ?4`;

/** Within the limits of each queue. */
const READY_IN_LIMITS = `
SELECT * FROM (
  SELECT *, row_number() OVER (PARTITION BY queue ORDER BY priority, run_at, seq) AS place
  FROM (${READY})
) WHERE place <= room`;

/** What fits into one answer; sums are run only when not all of it does. */
const FITTING = `
SELECT seq, id, queue, type FROM ready WHERE (SELECT sum(payload_length) FROM ready) < ${LIMITS.claimLengthMax}
UNION ALL
SELECT seq, id, queue, type FROM (
  SELECT *, sum(payload_length) OVER (
    ORDER BY priority, run_at, seq ROWS UNBOUNDED PRECEDING
  ) AS length FROM ready WHERE (SELECT sum(payload_length) FROM ready) >= ${LIMITS.claimLengthMax}
) WHERE length - payload_length < ${LIMITS.claimLengthMax}`;

/** `?5` token, `?6` worker, `?7` versions. Nothing due writes nothing; a token that is known changes nothing. */
const recordClaim = (ready: string) => `
INSERT INTO claims (token, worker, seqs, lines, claimed_at, versions)
WITH ${OPEN_LINES}, ready AS MATERIALIZED (${ready}), fitting AS MATERIALIZED (${FITTING})
SELECT ?5, ?6, taken.seqs, (
  SELECT json_group_array(json_array(queue, type, n, span, json(ids))) FROM (
    SELECT queue, type, count(*) AS n, ${spanOf('id')} AS span, json_group_array(id) AS ids
    FROM fitting GROUP BY queue, type, span
  )
), ${NOW}, ?7
FROM (SELECT json_group_array(seq) AS seqs FROM (SELECT seq FROM fitting ORDER BY seq)) taken
WHERE taken.seqs <> '[]'
ON CONFLICT (token) DO NOTHING`;

/** What queues allow is either kept to, known not to be limited, or has not been looked at. */
const RECORD_CLAIM = {
  limited: recordClaim(READY_IN_LIMITS),
  unlimited: recordClaim(READY),
  'unless-limited': recordClaim(`
SELECT * FROM (${READY}) WHERE NOT EXISTS (
  SELECT 1 FROM queues WHERE concurrency IS NOT NULL OR rate_limit IS NOT NULL
)`),
};

const RECORD_CLAIM_OF_ONE = recordClaim(READY_ONE);

export type ClaimLimits = keyof typeof RECORD_CLAIM;

/** A claim that is not yet carried out. */
const UNCOUNTED = 'token = ?2 AND counted = 0';
const LINES = `json_each((SELECT lines FROM claims WHERE ${UNCOUNTED}))`;

/** A line may stand there once for each span of its ids. */
const COUNT_CLAIMED = `
UPDATE lines SET pending = pending - moved.n, in_progress = in_progress + moved.n
FROM (
  SELECT value ->> 0 AS queue, value ->> 1 AS type, sum(value ->> 2) AS n
  FROM ${LINES} GROUP BY 1, 2
) moved
WHERE lines.queue = moved.queue AND lines.type = moved.type`;

/** Starts move the clock of a queue's rate. */
const COUNT_RATES = `
UPDATE queues SET rate_at = CAST(
  max(rate_at, ${NOW}) + moved.n * rate_period_ms * 1.0 / rate_limit AS INTEGER
)
FROM (
  SELECT value ->> 0 AS queue, sum(value ->> 2) AS n FROM ${LINES} GROUP BY 1
) moved
WHERE queues.name = moved.queue AND rate_limit IS NOT NULL`;

const lease = (where: string) => `
WITH ${spanOfClaim(UNCOUNTED)}
UPDATE promises SET status = 'in_progress',
  unique_key = iif(unique_scope = 'pending', NULL, unique_key), attempt = attempt + 1,
  fence = fence + 1, claim = ?2, lease_ms = ?3, lease_expires_at = ${NOW} + ?3,
  heartbeat_at = NULL, started_at = ${NOW}
WHERE ${where}`;

const LEASE_RANGE = lease(IN_RANGE);
const LEASE_LIST = lease(IN_LIST);

/** What was to be done is done: the lists of ids are of no more use. */
const MARK_COUNTED = `
UPDATE claims SET counted = 1, lines = (
  SELECT json_group_array(json_array(value ->> 0, value ->> 1, value ->> 2))
  FROM json_each(claims.lines)
) WHERE token = ?1 AND counted = 0`;

/** Takes due promises: one round trip. Sent again it changes nothing, and answers with what it still holds. */
export function claimOperation(
  ask: ClaimAsk,
  clock: SqlClock,
  limits: ClaimLimits,
): Operation<Claim[]> {
  const { token, worker, limit, leaseMs, id } = ask;
  const versions = ask.versions === undefined ? null : JSON.stringify(ask.versions);
  const args = [clock(), ...filterArgs(ask), limit, token, worker, versions];
  const record =
    id === undefined
      ? { sql: RECORD_CLAIM[limits], args }
      : { sql: RECORD_CLAIM_OF_ONE, args: [...args, id] };
  const taken = reclaimOperation(token);
  return {
    statements: [
      record,
      { sql: COUNT_CLAIMED, args: [null, token] },
      ...(limits === 'limited' ? [{ sql: COUNT_RATES, args: [clock(), token] }] : []),
      claimedEvent(token, clock),
      { sql: LEASE_RANGE, args: [clock(), token, leaseMs] },
      { sql: LEASE_LIST, args: [clock(), token, leaseMs] },
      { sql: MARK_COUNTED, args: [token] },
      ...taken.statements,
    ],
    read: (results) => taken.read(results),
  };
}
