import { NOW, type SqlClock } from '../db/index.js';
import { type ClaimLimits, RECORD_CLAIM, RECORD_CLAIM_OF_ONE } from './choose.js';
import { type Claim, inListOf, inRangeOf, reclaimOperation } from './claimed.js';
import { claimedEvent } from './events.js';
import { filterArgs } from './lines.js';
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
UPDATE promises SET status = 'in_progress',
  unique_key = iif(unique_scope = 'pending', NULL, unique_key), attempt = attempt + 1,
  fence = fence + 1, claim = ?2, lease_ms = ?3, lease_expires_at = ${NOW} + ?3,
  heartbeat_at = NULL, started_at = ${NOW}
WHERE ${where}`;

const LEASE_RANGE = lease(inRangeOf(UNCOUNTED));
const LEASE_LIST = lease(inListOf(UNCOUNTED));

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
