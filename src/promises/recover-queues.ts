import type { Row, SqlClock, Statement } from '../db/index.js';
import { NOW } from '../db/index.js';
import { PRIORITIES } from './fragments.js';
import { LIMITS } from './limits.js';
import { lastRows, type Operation } from './operation.js';
import { neverWokenOf, type Recovered, reportNeverWoken } from './recoveries.js';
import { numberOf, textOf } from './row.js';

/** With more running than this nothing is looked at: they are walked one by one. */
const RUNNING_MAX = 10_000;

const RUNNING = `
running AS MATERIALIZED (
  SELECT queue, type, count(*) AS n FROM (
    SELECT queue, type FROM promises INDEXED BY promises_leased_by_expiry
    WHERE status = 'in_progress' LIMIT ${RUNNING_MAX + 1}
  ) GROUP BY queue, type
)`;

const SELECT_MISCOUNTED = `
WITH ${RUNNING}
SELECT l.queue, l.type, ${NOW} AS now
FROM queues q CROSS JOIN lines l ON l.queue = q.name
LEFT JOIN running r ON r.queue = l.queue AND r.type = l.type
WHERE q.concurrency IS NOT NULL AND l.in_progress <> coalesce(r.n, 0)
  AND (SELECT coalesce(sum(n), 0) FROM running) <= ${RUNNING_MAX}
LIMIT ${LIMITS.sliceMax}`;

/** `?1` is [[queue, type], …]. */
const GIVEN_QUEUES = 'SELECT DISTINCT given.value ->> 0 AS name FROM json_each(?1) given';

/** What is due in queues that are full by their counters alone: the first of a slice. */
const REPORT = `
WITH ${RUNNING}, held AS MATERIALIZED (
  SELECT q.name FROM (${GIVEN_QUEUES}) g CROSS JOIN queues q ON q.name = g.name
  WHERE NOT q.paused
    AND (SELECT sum(l.in_progress) FROM lines l WHERE l.queue = q.name) >= q.concurrency
    AND (SELECT coalesce(sum(r.n), 0) FROM running r WHERE r.queue = q.name) < q.concurrency
)
${reportNeverWoken('?2')}
FROM held CROSS JOIN lines l ON l.queue = held.name CROSS JOIN ${PRIORITIES} priority
CROSS JOIN promises p INDEXED BY promises_ready_by_line
  ON p.status = 'pending' AND p.queue = l.queue AND p.type = l.type
  AND p.priority = priority.value AND p.run_at <= ?2
LIMIT ${LIMITS.sliceMax}
ON CONFLICT DO NOTHING`;

const MEND = `
WITH ${RUNNING}
UPDATE lines SET in_progress = coalesce((
  SELECT r.n FROM running r WHERE r.queue = lines.queue AND r.type = lines.type
), 0)
WHERE (queue, type) IN (SELECT given.value ->> 0, given.value ->> 1 FROM json_each(?1) given)
  AND (SELECT coalesce(sum(n), 0) FROM running) <= ${RUNNING_MAX}`;

const SELECT_REPORTED = `
SELECT promise_id, queue, type, next_run_at FROM recoveries INDEXED BY recoveries_by_time
WHERE recovered_at = ?2 AND reason = 'never-woken' AND queue IN (${GIVEN_QUEUES})`;

/** Finds lines of queues with a limit whose counter of what runs is wrong. */
export function lookAtQueues(clock: SqlClock): Statement {
  return { sql: SELECT_MISCOUNTED, args: [clock()] };
}

/** Counts what runs anew, so that claims know what room there is. */
export function mendQueuesOperation(rows: readonly Row[]): Operation<Recovered[]> {
  const now = numberOf(rows[0] ?? {}, 'now');
  const lines = JSON.stringify(rows.map((row) => [textOf(row, 'queue'), textOf(row, 'type')]));
  return {
    statements: [
      { sql: REPORT, args: [lines, now] },
      { sql: MEND, args: [lines] },
      { sql: SELECT_REPORTED, args: [lines, now] },
    ],
    read: (results) => lastRows(results).map(neverWokenOf),
  };
}
