import { type Database, NOW, type Row, type SqlClock } from '../db/index.js';
import type { Failure, PromiseRecord } from './promise.js';
import { failureOf, jsonOf, numberOf, promiseOf, SELECT_PROMISES, textOf } from './row.js';
import { SETTLED, type SettledStatus } from './states.js';

/** A promise that retention is about to delete. */
export interface ArchivedPromise {
  readonly promise: PromiseRecord;
  readonly failures: readonly Failure[];
}

/**
 * Keeps promises elsewhere before they are deleted. They are deleted when it has resolved;
 * when it rejects, or its process dies, they stay and are given to it again.
 */
export type Archive = (promises: readonly ArchivedPromise[]) => Promise<void>;

/** What one slice deletes. */
export interface Slice {
  /** A JSON array. */
  readonly seqs: string;
}

/** How long settled promises of one status are kept. */
interface Keep {
  readonly age?: number;
  readonly count?: number;
}

type Rules = Partial<Record<SettledStatus, Keep>>;

/** Queues whose promises one slice looks at. */
const QUEUES_MAX = 1_000;

const SELECT_RULES = `
SELECT q.name, q.retention, EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = 'promises_settled_by_queue'
) AS has_index
FROM queues q WHERE q.retention IS NOT NULL LIMIT ${QUEUES_MAX}`;

/**
 * Made when the first queue has a rule of its own: until then no settlement pays for it.
 */
const CREATE_INDEX = `
CREATE INDEX IF NOT EXISTS promises_settled_by_queue ON promises (queue, status, settled_at)
WHERE settled_at IS NOT NULL`;

/** What each queue holds of each settled status, from its counters. */
const SELECT_COUNTS = `
SELECT queue, ${SETTLED.map((status) => `sum(${status}) AS ${status}`).join(', ')}
FROM lines GROUP BY queue LIMIT ${QUEUES_MAX}`;

const settledOf = (target: string) => `
SELECT r.seq FROM promises r INDEXED BY promises_settled_by_queue
WHERE r.queue = ${target}.value ->> 0 AND r.status = ${target}.value ->> 1
  AND r.settled_at IS NOT NULL`;

/**
 * `?2` is [[queue, status, age, excess], …]: what is older than its age, and the oldest
 * `excess` whatever their age. One seek a target; at most `?3` in all, oldest first.
 */
const SELECT_SLICE = `
SELECT json_group_array(seq) AS seqs FROM (
  SELECT DISTINCT seq, settled_at FROM (
    SELECT p.seq, p.settled_at FROM json_each(?2) target CROSS JOIN promises p ON p.seq IN (
      ${settledOf('target')} AND r.settled_at < ${NOW} - (target.value ->> 2)
      ORDER BY r.settled_at LIMIT ?3
    )
    UNION ALL
    SELECT seq, settled_at FROM (
      SELECT p.seq, p.settled_at, target.value ->> 3 AS excess,
        row_number() OVER (PARTITION BY target.key ORDER BY p.settled_at, p.seq) AS place
      FROM json_each(?2) target CROSS JOIN promises p ON p.seq IN (
        ${settledOf('target')} ORDER BY r.settled_at LIMIT ?3
      )
      WHERE target.value ->> 3 > 0
    ) WHERE place <= excess
  )
  ORDER BY settled_at, seq LIMIT ?3
)`;

const SELECT_ARCHIVED = `
${SELECT_PROMISES} WHERE p.seq IN (SELECT value FROM json_each(?1)) AND p.settled_at IS NOT NULL`;

const SELECT_FAILURES = `
SELECT f.promise_id, f.attempt, f.fence, f.failed_at, f.error FROM failures f
WHERE f.promise_id IN (
  SELECT id FROM promises WHERE seq IN (SELECT value FROM json_each(?1))
) ORDER BY f.fence`;

/** Text of one page of what is archived: results may be long. */
const ARCHIVED_AT_ONCE = 20;

/**
 * What queues with rules of their own let go, and the others by the default age; undefined
 * when no queue has one.
 */
export async function sliceByQueue(
  database: Database,
  clock: SqlClock,
  defaultAgeMs: number,
  limit: number,
): Promise<Slice | undefined> {
  const options = { label: 'promises.prune' };
  const [found] = await database.read([{ sql: SELECT_RULES }], options);
  const rows = found?.rows ?? [];
  const [first] = rows;
  if (first === undefined) return undefined;
  if (first.has_index === 0) {
    await database.write([{ sql: CREATE_INDEX }], { ...options, idempotent: true });
  }
  const rules = new Map(rows.map((row) => [textOf(row, 'name'), jsonOf<Rules>(row, 'retention')]));
  const [counted] = await database.read([{ sql: SELECT_COUNTS }], options);
  const targets = (counted?.rows ?? []).flatMap((row) =>
    targetsOf(row, rules.get(textOf(row, 'queue')) ?? {}, defaultAgeMs),
  );
  const args = [clock(), JSON.stringify(targets), limit];
  const [slice] = await database.read([{ sql: SELECT_SLICE, args }], options);
  return { seqs: textOf(slice?.rows[0] ?? {}, 'seqs') };
}

function targetsOf(row: Row, rules: Rules, defaultAgeMs: number) {
  return SETTLED.filter((status) => numberOf(row, status) > 0).map((status) => {
    const { age = defaultAgeMs, count } = rules[status] ?? {};
    const excess = count === undefined ? 0 : Math.max(0, numberOf(row, status) - count);
    return [textOf(row, 'queue'), status, age, excess];
  });
}

/** Gives a slice to the archive, a few at a time. */
export async function archiveSlice(
  database: Database,
  seqs: string,
  archive: Archive,
): Promise<void> {
  const all = JSON.parse(seqs) as number[];
  for (let start = 0; start < all.length; start += ARCHIVED_AT_ONCE) {
    const some = JSON.stringify(all.slice(start, start + ARCHIVED_AT_ONCE));
    const [promises, failed] = await database.read(
      [
        { sql: SELECT_ARCHIVED, args: [some] },
        { sql: SELECT_FAILURES, args: [some] },
      ],
      { label: 'promises.archive' },
    );
    const failures = failed?.rows ?? [];
    await archive(
      (promises?.rows ?? []).map((row) => ({
        promise: promiseOf(row),
        failures: failures.filter((one) => one.promise_id === row.id).map(failureOf),
      })),
    );
  }
}
