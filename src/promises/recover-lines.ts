import type { ResultSet } from '../db/index.js';
import { NOW } from '../db/index.js';
import { LIMITS } from './limits.js';
import type { Operation } from './operation.js';
import { neverWokenOf, type Recovered, reportNeverWoken } from './recoveries.js';
import { numberOf, textOf } from './row.js';

/** The next line that has something pending, after `found`; an index seek each. */
const NEXT_IN_QUEUE = `
  FROM promises p INDEXED BY promises_ready_by_line
  WHERE p.status = 'pending' AND p.queue = found.queue AND p.type > found.type
  ORDER BY p.type LIMIT 1`;
const NEXT_QUEUE = `
  FROM promises p INDEXED BY promises_ready_by_line
  WHERE p.status = 'pending' AND p.queue > found.queue
  ORDER BY p.queue, p.type LIMIT 1`;

/**
 * Every line with pending promises that no claim would look in, found by skipping
 * through the index. Comparing (queue, type) as one would walk the line instead.
 */
export const SELECT_ORPHANED_LINES = `
WITH RECURSIVE found(queue, type) AS (
  SELECT * FROM (
    SELECT queue, type FROM promises INDEXED BY promises_ready_by_line
    WHERE status = 'pending' ORDER BY queue, type LIMIT 1
  )
  UNION ALL
  SELECT
    coalesce((SELECT p.queue ${NEXT_IN_QUEUE}), (SELECT p.queue ${NEXT_QUEUE})),
    coalesce((SELECT p.type ${NEXT_IN_QUEUE}), (SELECT p.type ${NEXT_QUEUE}))
  FROM found WHERE found.queue IS NOT NULL
  LIMIT ${LIMITS.sliceMax}
)
SELECT found.queue, found.type, ${NOW} AS now FROM found
LEFT JOIN lines l ON l.queue = found.queue AND l.type = found.type
WHERE found.queue IS NOT NULL AND coalesce(l.pending, 0) <= 0`;

const MEND_LINE = `
INSERT INTO lines (queue, type, pending)
SELECT ?1, ?2, count(*) FROM promises INDEXED BY promises_ready_by_line
WHERE status = 'pending' AND queue = ?1 AND type = ?2
ON CONFLICT (queue, type) DO UPDATE SET pending = excluded.pending`;

/** Those that are beyond their time at `?3`: the first of a slice. */
const REPORT = `
${reportNeverWoken('?3')}
FROM promises p INDEXED BY promises_ready_by_line
WHERE p.status = 'pending' AND p.queue = ?1 AND p.type = ?2 AND p.run_at <= ?3
ORDER BY p.priority, p.run_at LIMIT ${LIMITS.sliceMax}
ON CONFLICT DO NOTHING`;

const SELECT_MENDED = 'SELECT pending FROM lines WHERE queue = ?1 AND type = ?2';

const SELECT_REPORTED = `
SELECT promise_id, queue, type, next_run_at FROM recoveries INDEXED BY recoveries_by_time
WHERE recovered_at = ?3 AND queue = ?1 AND type = ?2 AND reason = 'never-woken'`;

export interface MendedLines {
  /** Pending promises of those lines. */
  readonly orphaned: number;
  readonly promises: readonly Recovered[];
}

const STATEMENTS = [MEND_LINE, REPORT, SELECT_MENDED, SELECT_REPORTED] as const;

/** Lets claims look in lines again, as `SELECT_ORPHANED_LINES` found them. */
export function mendOperation(lines: ResultSet['rows']): Operation<MendedLines> {
  return {
    statements: lines.flatMap((line) => {
      const args = [textOf(line, 'queue'), textOf(line, 'type'), numberOf(line, 'now')];
      const isTimed = (sql: string) => sql === REPORT || sql === SELECT_REPORTED;
      return STATEMENTS.map((sql) => ({ sql, args: isTimed(sql) ? args : args.slice(0, 2) }));
    }),
    read: (results) => {
      const at = (line: number, sql: (typeof STATEMENTS)[number]) =>
        results[line * STATEMENTS.length + STATEMENTS.indexOf(sql)]?.rows ?? [];
      const counts = lines.map((_line, index) =>
        numberOf(at(index, SELECT_MENDED)[0] ?? {}, 'pending'),
      );
      return {
        orphaned: counts.reduce((sum, count) => sum + count, 0),
        promises: lines.flatMap((_line, index) => at(index, SELECT_REPORTED).map(neverWokenOf)),
      };
    },
  };
}
