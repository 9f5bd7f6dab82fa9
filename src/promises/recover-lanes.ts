import type { Migration, Row, SqlClock, Statement } from '../db/index.js';
import { NOW } from '../db/index.js';
import { admitStatements } from './admit.js';
import { LIMITS } from './limits.js';
import { lastRows, type Operation } from './operation.js';
import { neverWokenOf, type Recovered, reportNeverWoken } from './recoveries.js';
import { textOf } from './row.js';

/** Those who are in a lane: what its counter counts. Promises without a key are not in it. */
const OPEN_INDEX = `
CREATE INDEX promises_open_in_lane ON promises (queue, lane)
WHERE lane IS NOT NULL AND waits_for IS NULL AND settled_at IS NULL`;

export const laneMigrations: readonly Migration[] = [
  { version: 145, name: 'who is in a lane', statements: [OPEN_INDEX] },
];

/** After which lane a look goes on. */
export type LanePlace = readonly [queue: string, lane: string];

/** What the promises of a lane wait for, the index that finds the next lane, and when it has room. */
const KINDS = {
  lane: { index: 'promises_waiting_in_lane', hasRoom: 'real < coalesce(q.key_concurrency, 1)' },
  turn: { index: 'promises_waiting_for_turn', hasRoom: 'real = 0' },
} as const;

export type LaneKind = keyof typeof KINDS;

/** At most as many as a concurrency of one key may be, for each lane. */
const countOpen = (queue: string, lane: string) => `(
  SELECT count(*) FROM promises p INDEXED BY promises_open_in_lane
  WHERE p.queue = ${queue} AND p.lane = ${lane} AND p.lane IS NOT NULL AND p.waits_for IS NULL
    AND p.settled_at IS NULL
)`;

/**
 * The next lanes that somebody waits in, after (`?2`, `?3`), skipped through by the index,
 * and whether they are as they should be: counted right, and looked at while they have room.
 */
function selectLanes(kind: LaneKind): string {
  const { index, hasRoom } = KINDS[kind];
  const next = (column: string) => `coalesce(
    (SELECT p.${column} FROM promises p INDEXED BY ${index}
     WHERE p.waits_for = '${kind}' AND p.queue = found.queue AND p.lane > found.lane
     ORDER BY p.lane LIMIT 1),
    (SELECT p.${column} FROM promises p INDEXED BY ${index}
     WHERE p.waits_for = '${kind}' AND p.queue > found.queue ORDER BY p.queue, p.lane LIMIT 1))`;
  return `
WITH RECURSIVE found(queue, lane) AS (
  SELECT ?2, ?3
  UNION ALL
  SELECT ${next('queue')}, ${next('lane')} FROM found WHERE found.queue IS NOT NULL
  LIMIT ${LIMITS.sliceMax + 1}
), counted AS MATERIALIZED (
  SELECT queue, lane, ${countOpen('found.queue', 'found.lane')} AS real FROM found
  WHERE queue IS NOT NULL AND (queue, lane) <> (?2, ?3)
)
SELECT c.queue, c.lane, ${NOW} AS now,
  l.open IS NOT real OR (l.look_at IS NULL AND ${hasRoom}) AS is_wrong
FROM counted c
LEFT JOIN lanes l ON l.queue = c.queue AND l.lane = c.lane
LEFT JOIN queues q ON q.name = c.queue
ORDER BY c.queue, c.lane`;
}

const SELECT_LANES = { lane: selectLanes('lane'), turn: selectLanes('turn') };

/** `?1` is [[queue, lane], …]. */
const MEND = `
INSERT INTO lanes (queue, lane, open, look_at)
SELECT given.value ->> 0, given.value ->> 1,
  ${countOpen('given.value ->> 0', 'given.value ->> 1')}, 0
FROM json_each(?1) given WHERE true
ON CONFLICT (queue, lane) DO UPDATE SET open = excluded.open, look_at = 0`;

/** Those of these lanes that are let in now: nobody else would have. */
const REPORT = `
${reportNeverWoken('?2')}
FROM scratch s CROSS JOIN promises p ON p.id = s.id
JOIN json_each(?1) given ON given.value ->> 0 = p.queue AND given.value ->> 1 = p.lane
WHERE true ON CONFLICT DO NOTHING`;

const SELECT_REPORTED = `
SELECT r.promise_id, r.queue, r.type, r.next_run_at
FROM recoveries r INDEXED BY recoveries_by_time
CROSS JOIN promises p ON p.id = r.promise_id
JOIN json_each(?1) given ON given.value ->> 0 = p.queue AND given.value ->> 1 = p.lane
WHERE r.recovered_at = ?2 AND r.reason = 'never-woken'`;

/** A slice of the lanes of one kind; see `LaneLook`. */
export function lookAtLanes(kind: LaneKind, after: LanePlace, clock: SqlClock): Statement {
  return { sql: SELECT_LANES[kind], args: [clock(), ...after] };
}

export interface LaneLook {
  /** Lanes that would let nobody in, or too many. */
  readonly wrong: readonly LanePlace[];
  /** Null when this was the last slice. */
  readonly next: LanePlace | null;
}

export function laneLookOf(rows: readonly Row[]): LaneLook {
  const placeOf = (row: Row): LanePlace => [textOf(row, 'queue'), textOf(row, 'lane')];
  const last = rows.length === LIMITS.sliceMax ? rows.at(-1) : undefined;
  return {
    wrong: rows.filter((row) => row.is_wrong === 1).map(placeOf),
    next: last === undefined ? null : placeOf(last),
  };
}

/** Counts lanes anew, and lets in whom they have room for. */
export function mendLanesOperation(
  lanes: readonly LanePlace[],
  now: number,
  clock: SqlClock,
): Operation<Recovered[]> {
  const places = JSON.stringify(lanes);
  const report = { sql: REPORT, args: [places, now] };
  return {
    statements: [
      { sql: MEND, args: [places] },
      ...admitStatements(clock, [report]),
      { sql: SELECT_REPORTED, args: [places, now] },
    ],
    read: (results) => lastRows(results).map(neverWokenOf),
  };
}
