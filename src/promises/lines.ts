import type { Database, Row, SqlClock, Statement } from '../db/index.js';
import { NOW } from '../db/index.js';
import { MOVED } from './events.js';
import { PRIORITIES } from './fragments.js';
import { LIMITS } from './limits.js';
import { LOOK_TO_ADVANCE } from './look.js';
import { numberOf, textOf } from './row.js';
import { inScope, type Scope, scopeArgs } from './scope.js';
import { STATUSES, type Status } from './states.js';

/** What one line holds, from its counters. */
export interface LineCounts {
  readonly queue: string;
  readonly type: string;
  readonly counts: Readonly<Record<Status, number>>;
}

/** The queue in figures: counters and index seeks, never a count of the backlog. */
export interface QueueFigures {
  readonly byStatus: Readonly<Record<Status, number>>;
  readonly lines: readonly LineCounts[];
  /** How long the oldest due promise has been due; null when none is. */
  readonly oldestReadyAgeMs: number | null;
  /** Running promises whose lease is over; counted up to 1,000. */
  readonly stalled: number;
}

/** Lines looked at by figures, claims and alarms. */
const LINES_MAX = 1_000;

/** What each queue with limits has room for now, for claims. A queue without limits has no row. */
export const ROOMS = `
room AS MATERIALIZED (
  SELECT q.name, q.paused,
    coalesce(q.concurrency - coalesce(
      (SELECT sum(x.in_progress) FROM lines x WHERE x.queue = q.name), 0
    ), ${LIMITS.setSizeMax}) AS free,
    iif(q.rate_limit IS NULL, ${LIMITS.setSizeMax}, CAST(
      (${NOW} + q.rate_period_ms - max(q.rate_at, ${NOW})) / (q.rate_period_ms * 1.0 / q.rate_limit)
    AS INTEGER)) AS tokens,
    coalesce(CAST(
      q.rate_at - q.rate_period_ms + q.rate_period_ms * 1.0 / q.rate_limit
    AS INTEGER) + 1, 0) AS opens_at
  FROM queues q WHERE q.paused OR q.concurrency IS NOT NULL OR q.rate_limit IS NOT NULL
)`;

/**
 * The lines that have something pending and are neither paused nor full, one row a
 * priority: what claims and alarms seek in. `?2` is a JSON array of types and `?3` of
 * queues; null is all.
 */
export const OPEN_LINES = `
${ROOMS}, line AS (
  SELECT l.queue, l.type, priority.value AS priority,
    min(coalesce(room.free, ${LIMITS.setSizeMax}), coalesce(room.tokens, ${LIMITS.setSizeMax})) AS room,
    iif(room.tokens > 0, 0, coalesce(room.opens_at, 0)) AS opens_at
  FROM lines l LEFT JOIN room ON room.name = l.queue CROSS JOIN ${PRIORITIES} priority
  WHERE l.pending > 0 AND coalesce(room.free, 1) > 0 AND NOT coalesce(room.paused, 0)
    AND l.type NOT IN (SELECT type FROM paused_types)
    AND (?2 IS NULL OR l.type IN (SELECT value FROM json_each(?2)))
    AND (?3 IS NULL OR l.queue IN (SELECT value FROM json_each(?3)))
  LIMIT ${LINES_MAX * 10}
)`;

/** When something of each open line and priority can be claimed: one seek each. */
const EARLIEST = `
SELECT max(line.opens_at, (
  SELECT r.run_at FROM promises r INDEXED BY promises_ready_by_line
  WHERE r.status = 'pending' AND r.queue = line.queue AND r.type = line.type
    AND r.priority = line.priority
  ORDER BY r.run_at LIMIT 1
)) FROM line`;

const NEXT_WAKE = `
WITH ${OPEN_LINES}, earliest(at) AS (
  ${EARLIEST}
  UNION ALL
  SELECT min(lease_expires_at) FROM promises INDEXED BY promises_leased_by_expiry
  WHERE status = 'in_progress'
  UNION ALL
  SELECT min(expires_at) FROM promises INDEXED BY promises_expiring
  WHERE expires_at IS NOT NULL AND started_at IS NULL AND settled_at IS NULL
  UNION ALL
  SELECT min(look_at) FROM lanes INDEXED BY lanes_to_look_at WHERE look_at IS NOT NULL
)
SELECT min(at) - ${NOW} AS wake_in_ms FROM earliest`;

const NEXT_READY = `
WITH ${OPEN_LINES}, earliest(at) AS (${EARLIEST})
SELECT ${NOW} - min(at) AS age_ms,
  EXISTS (SELECT 1 FROM queues WHERE concurrency IS NOT NULL OR rate_limit IS NOT NULL) AS limited
FROM earliest`;

const STALLED = `
SELECT count(*) AS stalled FROM (
  SELECT 1 FROM promises INDEXED BY promises_leased_by_expiry
  WHERE status = 'in_progress' AND lease_expires_at <= ${NOW} LIMIT 1000
)`;

const LINES = `SELECT * FROM lines ORDER BY queue, type LIMIT ${LINES_MAX}`;

const LINES_IN_SCOPE = `
SELECT * FROM lines WHERE ${inScope('queue', 1)} ORDER BY queue, type LIMIT ${LINES_MAX}`;

const TOTALS = `SELECT ${STATUSES.map((status) => `coalesce(sum(${status}), 0) AS ${status}`).join(', ')} FROM lines`;

/** Adds what the latest event moved to a line's counter. */
export function countEnqueued(
  line: { readonly queue: string; readonly type: string },
  status: 'pending' | 'waiting',
): Statement {
  return { sql: COUNT_ENQUEUED[status], args: [line.queue, line.type] };
}

const countEnqueuedAs = (status: Status) => `
INSERT INTO lines (queue, type, ${status}) VALUES (?1, ?2, ${MOVED})
ON CONFLICT (queue, type) DO UPDATE SET ${status} = ${status} + excluded.${status}`;

const COUNT_ENQUEUED = { pending: countEnqueuedAs('pending'), waiting: countEnqueuedAs('waiting') };

/** Moves what the latest event moved from one counter of a line to another. */
export function countChanged(
  line: { readonly queue: string; readonly type: string },
  before: Status,
  after: Status,
): Statement {
  const sql = `
UPDATE lines SET ${before} = ${before} - ${MOVED}, ${after} = ${after} + ${MOVED}
WHERE queue = ?1 AND type = ?2`;
  return { sql, args: [line.queue, line.type] };
}

/**
 * Moves counters as promises are about to move. `moves` selects (queue, type,
 * before, after) of each, before the statement that moves them; a null `after` is
 * a promise that goes away.
 */
export function countMoves(moves: string): string {
  const sums = STATUSES.map(
    (status) => `sum((after IS '${status}') - (before = '${status}')) AS ${status}`,
  );
  return `
UPDATE lines SET ${STATUSES.map((status) => `${status} = lines.${status} + moved.${status}`).join(', ')}
FROM (SELECT queue, type, ${sums.join(', ')} FROM (${moves}) GROUP BY queue, type) moved
WHERE lines.queue = moved.queue AND lines.type = moved.type`;
}

export async function queueFigures(database: Database, clock: SqlClock): Promise<QueueFigures> {
  const [lines, totals, ready, stalled] = await database.read(
    [
      { sql: LINES },
      { sql: TOTALS },
      { sql: NEXT_READY, args: [clock(), null, null] },
      { sql: STALLED, args: [clock()] },
    ],
    { label: 'promises.figures' },
  );
  const total = totals?.rows[0] ?? {};
  const age = ready?.rows[0]?.age_ms;
  return {
    byStatus: countsOf((status) => numberOf(total, status)),
    lines: (lines?.rows ?? []).map(lineOf),
    oldestReadyAgeMs: typeof age === 'number' && age >= 0 ? age : null,
    stalled: numberOf(stalled?.rows[0] ?? {}, 'stalled'),
  };
}

/** What each line of a scope holds. */
export async function linesIn(database: Database, scope: Scope): Promise<LineCounts[]> {
  const [found] = await database.read([{ sql: LINES_IN_SCOPE, args: scopeArgs(scope) }], {
    label: 'promises.lines',
  });
  return (found?.rows ?? []).map(lineOf);
}

/** A row of `lines`. */
export function lineOf(row: Row): LineCounts {
  return {
    queue: textOf(row, 'queue'),
    type: textOf(row, 'type'),
    counts: countsOf((status) => numberOf(row, status)),
  };
}

/** Milliseconds until something can be done for these types; null when nothing will be by itself. */
export async function nextWakeInMs(
  database: Database,
  clock: SqlClock,
  lines: LineFilter,
): Promise<number | null> {
  const [result] = await database.read(
    [{ sql: NEXT_WAKE, args: [clock(), ...filterArgs(lines)] }],
    { label: 'promises.next-wake' },
  );
  const wakeInMs = result?.rows[0]?.wake_in_ms;
  return typeof wakeInMs === 'number' ? wakeInMs : null;
}

/** Which lines to look in; default all. */
export interface LineFilter {
  readonly types?: readonly string[] | undefined;
  readonly queues?: readonly string[] | undefined;
}

/** A look before a claim, which would take the lock. */
export interface Look {
  /** True when something must go on or end first: see `advance`. */
  readonly isAdvanceDue: boolean;
  /** True when a promise of these lines can be claimed. */
  readonly isReady: boolean;
  /** Milliseconds until one can be; null when none will be by itself. */
  readonly readyInMs: number | null;
  /** True when some queue has a limit: a claim then keeps to it. */
  readonly isLimited: boolean;
}

export async function lookForWork(
  database: Database,
  clock: SqlClock,
  lines: LineFilter,
): Promise<Look> {
  const [ready, advance] = await database.read(
    [
      { sql: NEXT_READY, args: [clock(), ...filterArgs(lines)] },
      { sql: LOOK_TO_ADVANCE, args: [clock()] },
    ],
    { label: 'promises.look' },
  );
  const { age_ms: ageMs, limited } = ready?.rows[0] ?? {};
  const { expired, settled, lanes } = advance?.rows[0] ?? {};
  return {
    isAdvanceDue: Boolean(expired || settled || lanes),
    isReady: typeof ageMs === 'number' && ageMs >= 0,
    readyInMs: typeof ageMs === 'number' ? -ageMs : null,
    isLimited: limited === 1,
  };
}

/** `?2` and `?3` of statements over `OPEN_LINES`. */
export function filterArgs({ types, queues }: LineFilter): (string | null)[] {
  return [types, queues].map((names) => (names === undefined ? null : JSON.stringify(names)));
}

function countsOf(count: (status: Status) => number): Record<Status, number> {
  return Object.fromEntries(STATUSES.map((status) => [status, count(status)])) as Record<
    Status,
    number
  >;
}
