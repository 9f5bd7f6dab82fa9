import { type Database, NOW, type SqlClock } from '../db/index.js';
import { PRIORITIES } from './fragments.js';
import { type LineCounts, lineOf } from './lines.js';

/** A line as its counters and its index show it. */
export interface LineFigures extends LineCounts {
  /** How long its oldest due promise has been due, in milliseconds; null when none is, or nobody looked. */
  readonly oldestReadyAgeMs: number | null;
}

const LINES_MAX = 1_000;
/** Lines whose oldest promise is looked for: those with the most pending. */
const AGES_MAX = 20;

const LINES = `SELECT * FROM lines ORDER BY queue, type LIMIT ${LINES_MAX}`;

/** One index seek a line and priority, whatever they hold. */
const AGES = `
SELECT line.queue, line.type, ${NOW} - min((
  SELECT r.run_at FROM promises r INDEXED BY promises_ready_by_line
  WHERE r.status = 'pending' AND r.queue = line.queue AND r.type = line.type
    AND r.priority = priority.value
  ORDER BY r.run_at LIMIT 1
)) AS age_ms
FROM (SELECT queue, type FROM lines WHERE pending > 0 ORDER BY pending DESC LIMIT ${AGES_MAX}) line
CROSS JOIN ${PRIORITIES} priority GROUP BY line.queue, line.type`;

/** What each line holds, never counted: a row a line, and at most ten seeks for each of twenty. */
export async function lineFigures(
  database: Database,
  clock: SqlClock,
  deadlineMs: number,
): Promise<LineFigures[]> {
  const [lines, ages] = await database.read([{ sql: LINES }, { sql: AGES, args: [clock()] }], {
    label: 'promises.line-figures',
    deadlineMs,
  });
  const known = new Map(
    (ages?.rows ?? []).map((row) => [JSON.stringify([row.queue, row.type]), row.age_ms]),
  );
  return (lines?.rows ?? []).map(lineOf).map((line) => {
    const age = known.get(JSON.stringify([line.queue, line.type]));
    return { ...line, oldestReadyAgeMs: typeof age === 'number' && age >= 0 ? age : null };
  });
}
