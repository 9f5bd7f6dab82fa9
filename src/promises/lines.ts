import type { Database, SqlClock, Statement } from '../db/index.js';
import { NOW } from '../db/index.js';
import { numberOf, textOf } from './row.js';
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

/**
 * The lines that have something pending, one row a priority: what claims and
 * alarms seek in. `?2` is a JSON array of types and `?3` of queues; null is all.
 */
export const OPEN_LINES = `
line AS MATERIALIZED (
  SELECT l.queue, l.type, priority.value AS priority
  FROM lines l CROSS JOIN json_each('[1,2,3,4,5,6,7,8,9,10]') priority
  WHERE l.pending > 0
    AND (?2 IS NULL OR l.type IN (SELECT value FROM json_each(?2)))
    AND (?3 IS NULL OR l.queue IN (SELECT value FROM json_each(?3)))
  LIMIT ${LINES_MAX * 10}
)`;

/** The earliest due time of each open line and priority: one seek each. */
const EARLIEST = `
SELECT (
  SELECT r.run_at FROM promises r INDEXED BY promises_ready_by_line
  WHERE r.status = 'pending' AND r.queue = line.queue AND r.type = line.type
    AND r.priority = line.priority
  ORDER BY r.run_at LIMIT 1
) FROM line`;

const NEXT_WAKE = `
WITH ${OPEN_LINES}, earliest(at) AS (
  ${EARLIEST}
  UNION ALL
  SELECT min(lease_expires_at) FROM promises INDEXED BY promises_leased_by_expiry
  WHERE status = 'in_progress'
)
SELECT min(at) - ${NOW} AS wake_in_ms FROM earliest`;

const NEXT_READY = `
WITH ${OPEN_LINES}, earliest(at) AS (${EARLIEST})
SELECT ${NOW} - min(at) AS age_ms FROM earliest`;

const STALLED = `
SELECT count(*) AS stalled FROM (
  SELECT 1 FROM promises INDEXED BY promises_leased_by_expiry
  WHERE status = 'in_progress' AND lease_expires_at <= ${NOW} LIMIT 1000
)`;

const LINES = `SELECT * FROM lines ORDER BY queue, type LIMIT ${LINES_MAX}`;

const TOTALS = `SELECT ${STATUSES.map((status) => `coalesce(sum(${status}), 0) AS ${status}`).join(', ')} FROM lines`;

/** Adds `changes()` of the statement before it to what a line has pending. */
export function countEnqueued(queue: string, type: string): Statement {
  return { sql: COUNT_ENQUEUED, args: [queue, type] };
}

const COUNT_ENQUEUED = `
INSERT INTO lines (queue, type, pending) VALUES (?1, ?2, changes())
ON CONFLICT (queue, type) DO UPDATE SET pending = pending + excluded.pending`;

/** Moves `changes()` of the statement before it from one counter of a line to another. */
export function countChanged(
  line: { readonly queue: string; readonly type: string },
  before: Status,
  after: Status,
): Statement {
  const sql = `
UPDATE lines SET ${before} = ${before} - changes(), ${after} = ${after} + changes()
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
    lines: (lines?.rows ?? []).map((row) => ({
      queue: textOf(row, 'queue'),
      type: textOf(row, 'type'),
      counts: countsOf((status) => numberOf(row, status)),
    })),
    oldestReadyAgeMs: typeof age === 'number' && age >= 0 ? age : null,
    stalled: numberOf(stalled?.rows[0] ?? {}, 'stalled'),
  };
}

/** Milliseconds until a promise of these types is due or a lease ends; null when neither will be. */
export async function nextWakeInMs(
  database: Database,
  clock: SqlClock,
  types: readonly string[] | null,
  queues: readonly string[] | null,
): Promise<number | null> {
  const [result] = await database.read(
    [{ sql: NEXT_WAKE, args: [clock(), listOf(types), listOf(queues)] }],
    { label: 'promises.next-wake' },
  );
  const wakeInMs = result?.rows[0]?.wake_in_ms;
  return typeof wakeInMs === 'number' ? wakeInMs : null;
}

/** True when a promise of these types and queues is due: a look before a claim, which would take the lock. */
export async function isAnyReady(
  database: Database,
  clock: SqlClock,
  types: readonly string[] | null,
  queues: readonly string[] | null,
): Promise<boolean> {
  const [result] = await database.read(
    [{ sql: NEXT_READY, args: [clock(), listOf(types), listOf(queues)] }],
    { label: 'promises.look' },
  );
  const age = result?.rows[0]?.age_ms;
  return typeof age === 'number' && age >= 0;
}

/** A list for `json_each`; null stays null and means all. */
export function listOf(names: readonly string[] | null): string | null {
  return names === null ? null : JSON.stringify(names);
}

function countsOf(count: (status: Status) => number): Record<Status, number> {
  return Object.fromEntries(STATUSES.map((status) => [status, count(status)])) as Record<
    Status,
    number
  >;
}
