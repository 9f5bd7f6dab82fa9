import { HoldfastError, type Json } from '../core/index.js';
import { NOW, type SqlClock, type Statement } from '../db/index.js';
import { groupBy } from './group.js';
import { countChanged } from './lines.js';
import { LIMITS } from './limits.js';
import { inParts, lastRows, type Operation } from './operation.js';
import type { AttemptError, PromiseRecord } from './promise.js';
import { jsonOf, numberOf, textOf } from './row.js';
import { isSettled, type Status } from './states.js';

export const OUTCOMES = ['complete', 'fail', 'snooze', 'cancel'] as const;

/** What a settlement must know of its promise. It cannot change while the fence holds. */
export interface HeldPromise {
  readonly queue: string;
  readonly type: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly backoff: PromiseRecord['backoff'];
}

/** How an attempt ended. */
export type Settlement = {
  readonly id: string;
  /** The fence that the claim gave. */
  readonly fence: number;
} & (
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

/** A settlement with its texts made once, and what it makes of its promise. */
export interface PreparedSettlement {
  readonly settlement: Settlement;
  readonly held: HeldPromise;
  readonly next: Status;
  /** The result, as JSON. */
  readonly body: string | null;
  /** The error, as JSON. */
  readonly error: string | null;
  readonly length: number;
}

/** The fence: a settlement counts while its attempt is the promise's running one. */
const HELD = "p.id = given.key AND p.fence = ?3 AND p.status = 'in_progress'";

/** Before the promises settle: `?2` is {id: error}. */
const RECORD_FAILURES = `
INSERT INTO failures (promise_id, fence, attempt, failed_at, error)
SELECT p.id, p.fence, p.attempt, ${NOW}, given.value
FROM json_each(?2) given CROSS JOIN promises p ON ${HELD} WHERE true
ON CONFLICT DO NOTHING`;

/** Before the promises settle: `?2` is {id: result}, small ones too. */
const STORE_RESULTS = `
INSERT INTO bodies (promise_id, part, body)
SELECT p.id, 'result', given.value
FROM json_each(?2) given CROSS JOIN promises p ON ${HELD}
WHERE length(given.value) > ${LIMITS.inlineLengthMax}
ON CONFLICT DO UPDATE SET body = excluded.body`;

/**
 * Settles promises of one line, alike but for their results: `?2` is {id: result},
 * `?3` their fence, `?4` the outcome, `?5` the next status, `?6` the error, `?7` the
 * wait, `?8` whether it is settled.
 */
const SETTLE = `
UPDATE promises AS p SET
  status = ?5,
  attempt = p.attempt - (?4 = 'snooze'),
  run_at = iif(?8, p.run_at, ${NOW} + ?7),
  claim = NULL, lease_ms = NULL, lease_expires_at = NULL, outcome = ?4, outcome_fence = ?3,
  result = iif(length(given.value) <= ${LIMITS.inlineLengthMax}, given.value, NULL),
  error = iif(?4 = 'snooze', p.error, ?6),
  settled_at = iif(?8, ${NOW}, NULL)
FROM json_each(?2) given WHERE ${HELD}`;

/** Right after `SETTLE`: how many it settled; they share the due time of the first, `?1`. */
const SELECT_SETTLED = 'SELECT changes() AS settled, run_at FROM promises WHERE id = ?1';

/**
 * Makes a settlement's texts, and decides what it makes of its promise.
 * @throws HoldfastError `payload-too-large`
 */
export function prepareSettlement(settlement: Settlement, held: HeldPromise): PreparedSettlement {
  const body = settlement.outcome === 'complete' ? JSON.stringify(settlement.result ?? null) : null;
  if (body !== null && body.length > LIMITS.bodyLengthMax) {
    throw new HoldfastError(
      'payload-too-large',
      `result: must be at most ${LIMITS.bodyLengthMax} characters of JSON (received ${body.length})`,
      { details: { length: body.length, lengthMax: LIMITS.bodyLengthMax } },
    );
  }
  const error = errorOf(settlement);
  const length = (body?.length ?? 0) + 2 * (error?.length ?? 0) + 100;
  return { settlement, held, next: nextStatus(settlement, held), body, error, length };
}

function nextStatus(settlement: Settlement, held: HeldPromise): Status {
  switch (settlement.outcome) {
    case 'complete':
      return 'completed';
    case 'cancel':
      return 'cancelled';
    case 'snooze':
      return 'pending';
    case 'fail': {
      const mayRetry = settlement.retryable !== false && held.attempt < held.maxAttempts;
      return mayRetry ? 'pending' : 'failed';
    }
  }
}

function errorOf(settlement: Settlement): string | null {
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
  const groups = groupBy(set, ({ settlement, held, next, error }) =>
    JSON.stringify([held.queue, held.type, settlement.fence, next, delayOf(settlement), error]),
  );
  const parts = [...groups.values()].map((group) => settlePart(group, clock));
  return inParts(
    parts,
    (outcomes) => new Map(outcomes.flat().map((outcome) => [outcome.id, outcome])),
  );
}

function settlePart(
  group: readonly PreparedSettlement[],
  clock: SqlClock,
): Operation<SettleOutcome[]> {
  const [first] = group as [PreparedSettlement];
  const { settlement, held, next, error } = first;
  const { fence, outcome } = settlement;
  const bodies = byId(group, (one) => one.body);
  const hasLarge = group.some((one) => (one.body?.length ?? 0) > LIMITS.inlineLengthMax);
  const before: Statement[] = [];
  if (outcome === 'fail') {
    const errors = byId(group, (one) => one.error);
    before.push({ sql: RECORD_FAILURES, args: [clock(), errors, fence] });
  }
  if (hasLarge) before.push({ sql: STORE_RESULTS, args: [null, bodies, fence] });
  const settled = Number(isSettled(next));
  const args = [clock(), bodies, fence, outcome, next, error, delayOf(settlement), settled];
  return {
    statements: [
      ...before,
      { sql: SETTLE, args },
      { sql: SELECT_SETTLED, args: [settlement.id] },
      countChanged(held, 'in_progress', next),
    ],
    read: (results) => {
      const row = results.at(-2)?.rows[0];
      if (row === undefined || row.settled !== group.length) return [];
      const runAt = numberOf(row, 'run_at');
      return group.map((one) => ({ id: one.settlement.id, applied: true, status: next, runAt }));
    },
  };
}

function delayOf(settlement: Settlement): number {
  return 'delayMs' in settlement ? (settlement.delayMs ?? 0) : 0;
}

/** {id: text}, made by hand as it is faster; ids need no escape. */
function byId(
  group: readonly PreparedSettlement[],
  textOfOne: (one: PreparedSettlement) => string | null,
): string {
  return `{${group.map((one) => `"${one.settlement.id}":${JSON.stringify(textOfOne(one))}`).join(',')}}`;
}

/** What became of settlements that changed nothing: sent before, or too late. */
const SELECT_OUTCOMES = `
SELECT id, status, run_at, outcome, outcome_fence
FROM promises WHERE id IN (SELECT value FROM json_each(?1))`;

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

const SELECT_HELD = `
SELECT id, queue, type, attempt, max_attempts, backoff
FROM promises WHERE id IN (SELECT value FROM json_each(?1))`;

/** Reads what settlements must know of their promises, for callers that know only id and fence. */
export function selectHeld(ids: readonly string[]): Operation<Map<string, HeldPromise>> {
  return {
    statements: [{ sql: SELECT_HELD, args: [JSON.stringify(ids)] }],
    read: (results) =>
      new Map(
        lastRows(results).map((row) => [
          textOf(row, 'id'),
          {
            queue: textOf(row, 'queue'),
            type: textOf(row, 'type'),
            attempt: numberOf(row, 'attempt'),
            maxAttempts: numberOf(row, 'max_attempts'),
            backoff: jsonOf(row, 'backoff'),
          },
        ]),
      ),
  };
}
