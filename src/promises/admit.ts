import { NOW, type SqlClock, type Statement } from '../db/index.js';
import { PRIORITIES } from './fragments.js';
import { LIMITS } from './limits.js';
import { moveStatements } from './scratch.js';

/** Milliseconds between two starts at a queue's rate for each key, for `q`. */
const INTERVAL = '(q.key_rate_period_ms * 1.0 / q.key_rate_limit)';

/** Starts that the rate of a key allows now: a bucket of `limit`, for `l` and `q`. */
const TOKENS = `
iif(q.key_rate_limit IS NULL, ${LIMITS.sliceMax},
  CAST((${NOW} + q.key_rate_period_ms - max(l.rate_at, ${NOW})) / ${INTERVAL} AS INTEGER))`;

/** Lanes to look at now, longest due first. */
const DUE_LANES = `
SELECT queue, lane FROM lanes INDEXED BY lanes_to_look_at
WHERE look_at IS NOT NULL AND look_at <= ${NOW} ORDER BY look_at, queue, lane LIMIT ${LIMITS.sliceMax}`;

/** First priorities first; in a strict lane whoever was made first, once nobody else is in. */
const CHOOSE = `
WITH due AS MATERIALIZED (
  SELECT l.queue, l.lane, l.open, min(coalesce(q.key_concurrency, 1) - l.open, ${TOKENS}) AS room
  FROM (${DUE_LANES}) d
  CROSS JOIN lanes l ON l.queue = d.queue AND l.lane = d.lane
  LEFT JOIN queues q ON q.name = l.queue
), next AS (
  SELECT p.id, due.room, row_number() OVER (
    PARTITION BY due.queue, due.lane ORDER BY p.priority, p.run_at, p.seq
  ) AS place
  FROM due CROSS JOIN ${PRIORITIES} priority CROSS JOIN promises p ON p.seq IN (
    SELECT w.seq FROM promises w INDEXED BY promises_waiting_in_lane
    WHERE w.waits_for = 'lane' AND w.queue = due.queue AND w.lane = due.lane
      AND w.priority = priority.value AND w.run_at <= ${NOW}
    ORDER BY w.run_at LIMIT (SELECT max(room) FROM due)
  )
  WHERE due.room > 0
)
SELECT id, 'pending' FROM next WHERE place <= room
UNION ALL
SELECT p.id, 'pending' FROM due CROSS JOIN promises p ON p.id = (
  SELECT min(w.id) FROM promises w INDEXED BY promises_waiting_for_turn
  WHERE w.waits_for = 'turn' AND w.queue = due.queue AND w.lane = due.lane
)
WHERE due.room > 0 AND due.open = 0 AND p.run_at <= ${NOW}`;

/** Due from now on: whoever waited longest in a full lane does not go before the others (fairness). */
const ADMIT = `
UPDATE promises AS p SET status = 'pending', waits_for = NULL, run_at = max(p.run_at, ${NOW})
FROM scratch s WHERE p.id = s.id`;

const FILL_LANES = `
UPDATE lanes AS l SET open = l.open + came.n,
  rate_at = iif(q.key_rate_limit IS NULL, l.rate_at,
    CAST(max(l.rate_at, ${NOW}) + came.n * ${INTERVAL} AS INTEGER))
FROM (
  SELECT p.queue, p.lane, count(*) AS n FROM scratch s CROSS JOIN promises p ON p.id = s.id
  GROUP BY p.queue, p.lane
) came
LEFT JOIN queues q ON q.name = came.queue
WHERE l.queue = came.queue AND l.lane = came.lane`;

/** When the first of those who wait is due, if there is room for it by then. */
const FIRST_DUE = `
min(
  coalesce((
    SELECT min((
      SELECT w.run_at FROM promises w INDEXED BY promises_waiting_in_lane
      WHERE w.waits_for = 'lane' AND w.queue = lanes.queue AND w.lane = lanes.lane
        AND w.priority = priority.value
      ORDER BY w.run_at LIMIT 1
    )) FROM ${PRIORITIES} priority
  ), 9e15),
  coalesce(iif(lanes.open > 0, NULL, (
    SELECT w.run_at FROM promises w INDEXED BY promises_waiting_for_turn
    WHERE w.waits_for = 'turn' AND w.queue = lanes.queue AND w.lane = lanes.lane
    ORDER BY w.id LIMIT 1
  )), 9e15)
)`;

/** A lane that nobody is in is forgotten, once its rate has nothing to remember. */
const FORGET_LANES = `
DELETE FROM lanes
WHERE (queue, lane) IN (${DUE_LANES}) AND open = 0 AND rate_at <= ${NOW} AND ${FIRST_DUE} >= 9e15`;

const LOOK_LATER = `
UPDATE lanes SET look_at = (
  SELECT iif(coalesce(max(q.key_concurrency), 1) <= lanes.open OR ${FIRST_DUE} >= 9e15, NULL,
    CAST(max(${FIRST_DUE}, coalesce(max(
      lanes.rate_at - q.key_rate_period_ms + ${INTERVAL}
    ), 0)) AS INTEGER))
  FROM (SELECT lanes.queue AS name) asked LEFT JOIN queues q ON q.name = asked.name
)
WHERE (queue, lane) IN (${DUE_LANES})`;

/**
 * Admits promises to lanes that have room: one slice.
 * @param more statements about those who were let in, which are in `scratch`
 */
export function admitStatements(clock: SqlClock, more: readonly Statement[] = []): Statement[] {
  const args = [clock()];
  const apply = [ADMIT, FILL_LANES, FORGET_LANES, LOOK_LATER].map((sql) => ({ sql, args }));
  const event = { kind: 'ready', clock } as const;
  return moveStatements({ choose: CHOOSE, args, event, apply: [...apply, ...more] });
}
