import { HoldfastError, type Json } from '../core/index.js';
import { NOW, type SqlClock, type Statement } from '../db/index.js';
import { countMoves } from './lanes.js';
import { LIMITS } from './limits.js';
import { lastRows, type Operation } from './operation.js';
import type { AttemptError, PromiseRecord } from './promise.js';
import { jsonOf, numberOf, textOf } from './row.js';
import { SETTLED, type Status, sqlList } from './states.js';

export const OUTCOMES = ['complete', 'fail', 'snooze', 'cancel'] as const;

interface Held {
  readonly id: string;
  /** The fence that the claim gave. */
  readonly fence: number;
}

/** How an attempt ended. */
export type Settlement = Held &
  (
    | { readonly outcome: 'complete'; readonly result?: Json }
    | {
        readonly outcome: 'fail';
        readonly error: AttemptError;
        /** False fails the promise at once, whatever attempts are left. Default true. */
        readonly retryable?: boolean;
        /** Wait before the next attempt. Default from the promise's backoff. */
        readonly delayMs?: number;
      }
    | { readonly outcome: 'snooze'; readonly delayMs: number }
    | { readonly outcome: 'cancel'; readonly reason?: string }
  );

export type SettleOutcome =
  | { readonly id: string; readonly applied: true; readonly status: Status; readonly runAt: number }
  | { readonly id: string; readonly applied: false; readonly reason: 'not-found' | 'lease-lost' };

/** A settlement with its texts made once. */
export interface PreparedSettlement {
  readonly settlement: Settlement;
  readonly body: string | null;
  readonly length: number;
  readonly item: Readonly<Record<string, Json>>;
}

const SETTLEMENTS = `
settlement AS MATERIALIZED (
  SELECT value ->> 'id' AS id, value ->> 'fence' AS fence, value ->> 'outcome' AS outcome,
    value ->> 'delayMs' AS delay_ms, value ->> 'retryable' AS retryable,
    value ->> 'result' AS result, value ->> 'error' AS error
  FROM json_each(?2)
)`;

/** The fence: a settlement counts while its attempt is the promise's running one. */
const HELD = "p.id = s.id AND p.fence = s.fence AND p.status = 'in_progress'";

/** What an outcome makes of a promise. */
const NEXT_STATUS = `
CASE s.outcome
  WHEN 'complete' THEN 'completed'
  WHEN 'cancel' THEN 'cancelled'
  WHEN 'snooze' THEN 'pending'
  ELSE iif(s.retryable AND p.attempt < p.max_attempts, 'pending', 'failed')
END`;

const RECORD_FAILURES = `
INSERT INTO failures (promise_id, fence, attempt, failed_at, error)
WITH ${SETTLEMENTS}
SELECT p.id, p.fence, p.attempt, ${NOW}, s.error
FROM settlement s CROSS JOIN promises p ON ${HELD}
WHERE s.outcome = 'fail'
ON CONFLICT DO NOTHING`;

/** `?3` is a JSON array of [id, body]. */
const STORE_RESULTS = `
INSERT INTO bodies (promise_id, part, body)
WITH ${SETTLEMENTS}
SELECT p.id, 'result', large.value ->> 1
FROM json_each(?3) large
CROSS JOIN settlement s ON s.id = large.value ->> 0
CROSS JOIN promises p ON ${HELD}
ON CONFLICT DO UPDATE SET body = excluded.body`;

const COUNT_SETTLED = countMoves(`
  WITH ${SETTLEMENTS}
  SELECT p.queue, p.type, p.status AS before, ${NEXT_STATUS} AS after
  FROM settlement s CROSS JOIN promises p ON ${HELD}`);

const SETTLE = `
WITH ${SETTLEMENTS}
UPDATE promises SET
  status = moved.next,
  attempt = attempt - (moved.outcome = 'snooze'),
  run_at = iif(moved.next = 'pending', ${NOW} + coalesce(moved.delay_ms, 0), run_at),
  claim = NULL, lease_ms = NULL, lease_expires_at = NULL,
  outcome = moved.outcome, outcome_fence = moved.fence,
  result = moved.result, error = iif(moved.outcome = 'snooze', promises.error, moved.error),
  settled_at = iif(moved.next IN (${sqlList(SETTLED)}), ${NOW}, NULL)
FROM (
  SELECT s.*, ${NEXT_STATUS} AS next FROM settlement s CROSS JOIN promises p ON ${HELD}
) moved
WHERE promises.id = moved.id
RETURNING id, status, run_at`;

/** What became of settlements that changed nothing: sent before, or too late. */
const SELECT_OUTCOMES = `
SELECT p.id, p.status, p.run_at, p.outcome, p.outcome_fence
FROM promises p WHERE p.id IN (SELECT value FROM json_each(?1))`;

/**
 * Makes a settlement's texts.
 * @throws HoldfastError `payload-too-large`
 */
export function prepareSettlement(settlement: Settlement): PreparedSettlement {
  const body = settlement.outcome === 'complete' ? JSON.stringify(settlement.result ?? null) : null;
  if (body !== null && body.length > LIMITS.bodyLengthMax) {
    throw new HoldfastError(
      'payload-too-large',
      `result: must be at most ${LIMITS.bodyLengthMax} characters of JSON (received ${body.length})`,
      { details: { length: body.length, lengthMax: LIMITS.bodyLengthMax } },
    );
  }
  const error = errorTextOf(settlement);
  const item = {
    id: settlement.id,
    fence: settlement.fence,
    outcome: settlement.outcome,
    delayMs: 'delayMs' in settlement ? (settlement.delayMs ?? 0) : null,
    retryable: settlement.outcome === 'fail' && settlement.retryable === false ? 0 : 1,
    result: body !== null && body.length <= LIMITS.inlineLengthMax ? body : null,
    error,
  };
  return { settlement, body, item, length: (body?.length ?? 0) + (error?.length ?? 0) + 300 };
}

function errorTextOf(settlement: Settlement): string | null {
  if (settlement.outcome === 'fail') return JSON.stringify(settlement.error);
  if (settlement.outcome !== 'cancel') return null;
  return JSON.stringify({
    code: 'cancelled',
    message: settlement.reason ?? 'given up by its task',
  });
}

/** Settles a set, each id once. Answers with what it changed; for the rest see `outcomesOperation`. */
export function settleOperation(
  set: readonly PreparedSettlement[],
  clock: SqlClock,
): Operation<Map<string, SettleOutcome>> {
  const args = [clock(), JSON.stringify(set.map((one) => one.item))];
  const large = set.filter((one) => one.body !== null && one.item.result === null);
  const largeArg = JSON.stringify(large.map((one) => [one.settlement.id, one.body]));
  const statements: Statement[] = [
    ...(set.some((one) => one.settlement.outcome === 'fail')
      ? [{ sql: RECORD_FAILURES, args }]
      : []),
    ...(large.length > 0 ? [{ sql: STORE_RESULTS, args: [...args, largeArg] }] : []),
    { sql: COUNT_SETTLED, args },
    { sql: SETTLE, args },
  ];
  return {
    statements,
    read: (results) =>
      new Map(
        lastRows(results).map((row) => {
          const id = textOf(row, 'id');
          const status = textOf(row, 'status') as Status;
          return [id, { id, applied: true, status, runAt: numberOf(row, 'run_at') }];
        }),
      ),
  };
}

/** Tells a settlement sent again, which gets the stored answer, from one that came too late. */
export function outcomesOperation(settlements: readonly Settlement[]): Operation<SettleOutcome[]> {
  const ids = JSON.stringify(settlements.map((settlement) => settlement.id));
  return {
    statements: [{ sql: SELECT_OUTCOMES, args: [ids] }],
    read: (results) => {
      const rows = new Map(lastRows(results).map((row) => [row.id, row]));
      return settlements.map(({ id, fence, outcome }): SettleOutcome => {
        const row = rows.get(id);
        if (row === undefined) return { id, applied: false, reason: 'not-found' };
        const stored = row.outcome_fence === fence && row.outcome === outcome;
        if (!stored) return { id, applied: false, reason: 'lease-lost' };
        const status = textOf(row, 'status') as Status;
        return { id, applied: true, status, runAt: numberOf(row, 'run_at') };
      });
    },
  };
}

/** What the wait before the next attempt is made of. */
export interface RetryRule {
  readonly backoff: PromiseRecord['backoff'];
  readonly attempt: number;
}

const SELECT_BACKOFFS = `
SELECT id, backoff, attempt FROM promises WHERE id IN (SELECT value FROM json_each(?1))`;

export function selectBackoffs(ids: readonly string[]): Operation<Map<string, RetryRule>> {
  return {
    statements: [{ sql: SELECT_BACKOFFS, args: [JSON.stringify(ids)] }],
    read: (results) =>
      new Map(
        lastRows(results).map((row) => [
          textOf(row, 'id'),
          { backoff: jsonOf(row, 'backoff'), attempt: numberOf(row, 'attempt') },
        ]),
      ),
  };
}
