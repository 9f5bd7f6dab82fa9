import { HoldfastError, type Json } from '../core/index.js';
import { databaseClock, NOW, type Row, type SqlClock, type Statement } from '../db/index.js';
import { type Enqueue, enqueueOperation, type PreparedEnqueue } from './enqueue.js';
import { type EventKind, settledEvent } from './events.js';
import { ON_SETTLED } from './fragments.js';
import { groupBy } from './group.js';
import { LIMITS } from './limits.js';
import { countChanged } from './lines.js';
import { inParts, lastRows, type Operation } from './operation.js';
import type { AttemptError, PromiseRecord } from './promise.js';
import { jsonOf, numberOf, textOf } from './row.js';
import { isSettled, type Status } from './states.js';

/** What a settlement must know of its promise. It cannot change while the fence holds. */
export interface HeldPromise {
  readonly queue: string;
  readonly type: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly backoff: PromiseRecord['backoff'];
  /** The key of its lane; null when it is in none. */
  readonly lane: string | null;
  readonly isStrict: boolean;
  /** How long its attempt has run by now, in milliseconds; undefined where whoever runs it counts that. */
  readonly ranMs?: number;
}

/** How an attempt ended. */
export type Settlement = {
  readonly id: string;
  /** The fence that the claim gave. */
  readonly fence: number;
} & (
  | {
      readonly outcome: 'complete';
      readonly result?: Json;
      /** Promises that the run makes: with its completion, or not at all. */
      readonly children?: readonly Enqueue[];
    }
  | {
      readonly outcome: 'fail';
      readonly error: AttemptError;
      /** False fails the promise at once, whatever attempts are left. Default true. */
      readonly retryable?: boolean;
      /** Wait before the next attempt. Default from the promise's backoff. */
      readonly delayMs?: number;
    }
  | {
      readonly outcome: 'snooze';
      readonly delayMs: number;
      /** What the next run is given as `context.state`. Default what it was. */
      readonly state?: Json;
    }
  | { readonly outcome: 'cancel'; readonly reason?: string }
);

export type SettleOutcome =
  | {
      readonly id: string;
      readonly applied: true;
      readonly status: Status;
      /** When it is due again; null when it is settled. */
      readonly runAt: number | null;
    }
  | { readonly id: string; readonly applied: false; readonly reason: 'not-found' | 'lease-lost' };

/** A settlement with its texts made once, and what it makes of its promise. */
export interface PreparedSettlement {
  readonly settlement: Settlement;
  readonly held: HeldPromise;
  readonly children: readonly PreparedEnqueue[];
  readonly next: Status;
  /** The result or the state, as JSON. */
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

/** Before the promises settle: `?2` is {id: body} of the large ones, `?4` what they are. */
const STORE_BODIES = `
INSERT INTO bodies (promise_id, part, body)
SELECT p.id, ?4, given.value
FROM json_each(?2) given CROSS JOIN promises p ON ${HELD} WHERE true
ON CONFLICT DO UPDATE SET body = excluded.body`;

/** Before the promises settle: those that leave their lane make room in it. */
const LEAVE_LANES = `
UPDATE lanes SET open = lanes.open - gone.n, look_at = 0
FROM (
  SELECT p.queue, p.lane, count(*) AS n
  FROM json_each(?2) given CROSS JOIN promises p ON ${HELD}
  WHERE p.lane IS NOT NULL GROUP BY p.queue, p.lane
) gone
WHERE lanes.queue = gone.queue AND lanes.lane = gone.lane`;

/** A large one stands in the set as its length: it travels once, to `bodies`. */
const INLINE = "iif(given.type = 'text', given.value, NULL)";

/** What every settlement does to its promise: `?3` fence, `?4` outcome, `?5` next status. */
const CHANGES = `
  status = ?5, claim = NULL, lease_ms = NULL, lease_expires_at = NULL,
  outcome = ?4, outcome_fence = ?3`;

/**
 * Settles promises of one line for good, alike but for their results: `?2` is
 * {id: result}, `?6` the error.
 */
const SETTLE = `
UPDATE promises AS p SET ${CHANGES},
  result = ${INLINE}, error = ?6, settled_at = ${NOW}, ${ON_SETTLED}
FROM json_each(?2) given WHERE ${HELD}`;

/**
 * Puts promises of one line off, alike but for their states: `?2` is {id: state}, `?6`
 * the error, `?7` the wait, `?8` whether the attempt is given back. A state over 512
 * bytes is marked by an empty text.
 */
const POSTPONE = `
UPDATE promises AS p SET ${CHANGES},
  waits_for = iif(?5 = 'waiting', 'lane', NULL), run_at = ${NOW} + ?7, attempt = p.attempt - ?8,
  error = iif(?8, p.error, ?6),
  state = iif(given.type = 'null', p.state, coalesce(${INLINE}, ''))
FROM json_each(?2) given WHERE ${HELD}`;

/** Right after either: how many it changed; they share the due time of the first, `?1`. */
const SELECT_SETTLED = `
SELECT changes() AS settled, run_at,
  EXISTS (SELECT 1 FROM promises WHERE release_due IS NOT NULL) AS releases
FROM promises WHERE id = ?1`;

/**
 * Makes a settlement's texts, and decides what it makes of its promise.
 * @throws HoldfastError `payload-too-large`
 */
export function prepareSettlement(
  settlement: Settlement,
  held: HeldPromise,
  children: readonly PreparedEnqueue[] = [],
): PreparedSettlement {
  const body = bodyOf(settlement);
  if (body !== null && body.length > LIMITS.bodyLengthMax) {
    const what = settlement.outcome === 'complete' ? 'result' : 'state';
    throw new HoldfastError(
      'payload-too-large',
      `${what}: must be at most ${LIMITS.bodyLengthMax} characters of JSON (received ${body.length})`,
      { details: { length: body.length, lengthMax: LIMITS.bodyLengthMax } },
    );
  }
  const error = errorOf(settlement);
  const own = (body?.length ?? 0) + 2 * (error?.length ?? 0) + 100;
  const length = children.reduce((sum, child) => sum + child.length, own);
  return { settlement, held, children, next: nextStatus(settlement, held), body, error, length };
}

function bodyOf(settlement: Settlement): string | null {
  if (settlement.outcome === 'complete') return JSON.stringify(settlement.result ?? null);
  const state = settlement.outcome === 'snooze' ? settlement.state : undefined;
  return state === undefined ? null : JSON.stringify(state);
}

function nextStatus(settlement: Settlement, held: HeldPromise): Status {
  if (settlement.outcome === 'complete') return 'completed';
  if (settlement.outcome === 'cancel') return 'cancelled';
  if (settlement.outcome === 'fail') {
    const mayRetry = settlement.retryable !== false && held.attempt < held.maxAttempts;
    if (!mayRetry) return 'failed';
  }
  // In a strict lane whoever is tried again keeps the lane; in others it lets the next one in meanwhile.
  const leavesLane = held.lane !== null && !held.isStrict && delayOf(settlement) > 0;
  return leavesLane ? 'waiting' : 'pending';
}

function errorOf(settlement: Settlement): string | null {
  if (settlement.outcome === 'fail') return JSON.stringify(settlement.error);
  if (settlement.outcome !== 'cancel') return null;
  return JSON.stringify({
    code: 'cancelled',
    message: settlement.reason ?? 'given up by its task',
  });
}

/** What a write settled. */
export interface Settled {
  readonly applied: ReadonlyMap<string, SettleOutcome>;
  /** True when dependents are to be told. */
  readonly releases: boolean;
}

/** Settles a set, each id once. Answers with what it changed; for the rest see `outcomesOperation`. */
export function settleOperation(
  set: readonly PreparedSettlement[],
  clock: SqlClock,
): Operation<Settled> {
  const groups = groupBy(set, ({ settlement, held, next, error }) =>
    JSON.stringify([held.queue, held.type, settlement.fence, next, delayOf(settlement), error]),
  );
  const settling = inParts(
    [...groups.values()].map((group) => settlePart(group, clock)),
    (settled): Settled => ({
      applied: new Map(settled.flatMap((one) => [...one.applied])),
      releases: settled.some((one) => one.releases),
    }),
  );
  // While their makers still have their promises.
  const making = set
    .filter(({ children }) => children.length > 0)
    .map(({ children, settlement }) => enqueueOperation(children, clock, settlement));
  const made = inParts(making, () => undefined);
  return {
    statements: [...made.statements, ...settling.statements],
    read: (results) => settling.read(results.slice(made.statements.length)),
  };
}

function settlePart(group: readonly PreparedSettlement[], clock: SqlClock): Operation<Settled> {
  const [{ settlement, held, next }] = group as [PreparedSettlement];
  return {
    statements: [
      ...statementsBefore(group, clock),
      settleStatement(group, clock),
      { sql: SELECT_SETTLED, args: [settlement.id] },
      eventOf(group, clock),
      countChanged(held, 'in_progress', next),
    ],
    read: (results) => {
      const row = results.at(-3)?.rows[0];
      const releases = row?.releases === 1;
      // Some of a group is never told apart here: all of it is read again.
      if (row?.settled !== group.length) return { applied: new Map(), releases };
      const runAt = dueAgain(next, row);
      const outcomes = group.map(({ settlement: { id } }) => {
        return [id, { id, applied: true, status: next, runAt }] as const;
      });
      return { applied: new Map(outcomes), releases };
    },
  };
}

function dueAgain(status: Status, row: Row): number | null {
  return isSettled(status) ? null : numberOf(row, 'run_at');
}

/** How the log of events calls it. */
function eventOf(group: readonly PreparedSettlement[], clock: SqlClock): Statement {
  const [{ settlement, held, next, error }] = group as [PreparedSettlement];
  const postponed: EventKind = settlement.outcome === 'fail' ? 'retrying' : 'snoozed';
  const kind = isSettled(next) ? next : postponed;
  const ids = group.map((one) => one.settlement.id);
  const detail = error === null ? {} : { detail: { error: briefOf(error) } };
  return settledEvent(
    { kind, queue: held.queue, type: held.type, ids, ...detail },
    settlement,
    clock,
  );
}

/** Details can be long, and the promise has them. */
function briefOf(error: string): Pick<AttemptError, 'code' | 'message'> {
  const { code, message } = JSON.parse(error) as AttemptError;
  return { code, message };
}

/** What must be written while the promises are still held. */
function statementsBefore(group: readonly PreparedSettlement[], clock: SqlClock): Statement[] {
  const [{ settlement, next }] = group as [PreparedSettlement];
  const { fence, outcome } = settlement;
  const before: Statement[] = [];
  if (outcome === 'fail') {
    const errors = byId(group, (one) => one.error);
    before.push({ sql: RECORD_FAILURES, args: [clock(), errors, fence] });
  }
  const large = group.filter(isLarge);
  if (large.length > 0) {
    const part = outcome === 'complete' ? 'result' : 'state';
    const args = [null, byId(large, (one) => one.body), fence, part];
    before.push({ sql: STORE_BODIES, args });
  }
  if (next !== 'pending' && group.some(({ held }) => held.lane !== null)) {
    before.push({ sql: LEAVE_LANES, args: [null, byId(group, () => null), fence] });
  }
  return before;
}

function settleStatement(group: readonly PreparedSettlement[], clock: SqlClock): Statement {
  const [{ settlement, next, error }] = group as [PreparedSettlement];
  const { fence, outcome } = settlement;
  const bodies = byId(group, (one) => (isLarge(one) ? (one.body?.length ?? 0) : one.body));
  const args = [clock(), bodies, fence, outcome, next, error];
  if (isSettled(next)) return { sql: SETTLE, args };
  const isGivenBack = Number(outcome === 'snooze');
  return { sql: POSTPONE, args: [...args, delayOf(settlement), isGivenBack] };
}

function delayOf(settlement: Settlement): number {
  return 'delayMs' in settlement ? (settlement.delayMs ?? 0) : 0;
}

function isLarge(one: PreparedSettlement): boolean {
  return (one.body?.length ?? 0) > LIMITS.inlineLengthMax;
}

/** {id: text}, made by hand as it is faster; ids need no escape. */
function byId(
  group: readonly PreparedSettlement[],
  textOfOne: (one: PreparedSettlement) => string | number | null,
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
        return { id, applied: true, status, runAt: dueAgain(status, row) };
      });
    },
  };
}

const SELECT_HELD = `
SELECT id, queue, type, attempt, max_attempts, backoff, lane, is_strict,
  max(0, ${NOW} - started_at) AS ran_ms
FROM promises WHERE id IN (SELECT value FROM json_each(?2))`;

/** Reads what settlements must know of their promises, for callers that know only id and fence. */
export function selectHeld(
  ids: readonly string[],
  clock: SqlClock = databaseClock,
): Operation<Map<string, HeldPromise>> {
  return {
    statements: [{ sql: SELECT_HELD, args: [clock(), JSON.stringify(ids)] }],
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
            lane: row.lane === null ? null : textOf(row, 'lane'),
            isStrict: row.is_strict === 1,
            ...(typeof row.ran_ms === 'number' && { ranMs: row.ran_ms }),
          },
        ]),
      ),
  };
}
