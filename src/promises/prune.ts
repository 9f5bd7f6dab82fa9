import { type Database, NOW, type SqlClock } from '../db/index.js';
import { LIMITS } from './limits.js';
import { countMoves } from './lines.js';
import { lastRows, perform } from './operation.js';
import { type Archive, archiveSlice, sliceByQueue } from './retention.js';
import { numberOf } from './row.js';
import { SETTLED } from './states.js';

export interface PruneReport {
  readonly pruned: number;
  /** True when nothing older is left: stop calling. */
  readonly done: boolean;
}

/** A claim's row is of use while its answer may be asked for again; no lease is longer than 12 h. */
const CLAIM_AGE_MS = 86_400_000;

/** The settled promises of one slice: at most `?2`, settled before `?1`, oldest first. */
const SLICE = `
SELECT seq FROM (
  ${SETTLED.map(
    (status) => `SELECT * FROM (
    SELECT seq, settled_at FROM promises INDEXED BY promises_settled_by_age
    WHERE status = '${status}' AND settled_at < ?1 ORDER BY settled_at, seq LIMIT ?2
  )`,
  ).join('\n  UNION ALL ')}
) ORDER BY settled_at, seq LIMIT ?2`;

const SELECT_SLICE = `
SELECT ${NOW} AS now,
  (SELECT json_group_array(seq) FROM (${SLICE.replaceAll('?1', `(${NOW} - ?3)`)})) AS seqs,
  EXISTS (SELECT 1 FROM claims WHERE claimed_at < ${NOW} - ${CLAIM_AGE_MS}) AS claims`;

/** What is still settled of the promises in `?1`: one retried in between stays. */
const STILL_SETTLED = `
seq IN (SELECT value FROM json_each(?1)) AND settled_at IS NOT NULL`;

const COUNT_PRUNED = countMoves(`
  SELECT queue, type, status AS before, NULL AS after FROM promises WHERE ${STILL_SETTLED}`);

const GOING = `SELECT id FROM promises WHERE ${STILL_SETTLED}`;

const PRUNE_PARTS = [
  ...['bodies', 'failures', 'callbacks', 'origins', 'sends', 'recoveries'].map(
    (table) => `DELETE FROM ${table} WHERE promise_id IN (${GOING})`,
  ),
  `DELETE FROM dependencies WHERE child_id IN (${GOING})`,
  `DELETE FROM tags WHERE seq IN (SELECT seq FROM promises WHERE ${STILL_SETTLED})`,
];

const PRUNE = `DELETE FROM promises WHERE ${STILL_SETTLED} RETURNING seq`;

const PRUNE_CLAIMS = `
DELETE FROM claims WHERE token IN (
  SELECT token FROM claims INDEXED BY claims_by_age
  WHERE claimed_at < ?1 - ${CLAIM_AGE_MS} AND NOT EXISTS (
    SELECT 1 FROM json_each(claims.seqs) held JOIN promises p ON p.seq = held.value
    WHERE p.claim = claims.token AND p.status = 'in_progress'
  )
  ORDER BY claimed_at LIMIT ${LIMITS.sliceMax}
)`;

/**
 * Deletes one slice of promises with all that is theirs: those settled more than
 * `settledBeforeMs` ago, or what the rules of their queue let go.
 */
export async function prune(
  database: Database,
  clock: SqlClock,
  options: {
    readonly settledBeforeMs: number;
    readonly limit: number;
    readonly archive?: Archive | undefined;
  },
): Promise<PruneReport> {
  const { settledBeforeMs, limit, archive } = options;
  const [found] = await database.read(
    [{ sql: SELECT_SLICE, args: [clock(), limit, settledBeforeMs] }],
    { label: 'promises.prune' },
  );
  const row = found?.rows[0] ?? {};
  const byQueue = await sliceByQueue(database, clock, settledBeforeMs, limit);
  const seqs = byQueue?.seqs ?? (typeof row.seqs === 'string' ? row.seqs : '[]');
  const claims = numberOf(row, 'claims') > 0;
  if (seqs === '[]' && !claims) return { pruned: 0, done: true };
  if (archive !== undefined) await archiveSlice(database, seqs, archive);
  const statements = [
    ...(claims ? [{ sql: PRUNE_CLAIMS, args: [numberOf(row, 'now')] }] : []),
    ...[COUNT_PRUNED, ...PRUNE_PARTS, PRUNE].map((sql) => ({ sql, args: [seqs] })),
  ];
  const [pruned] = await perform(database, 'promises.prune', [
    { statements, read: (results) => lastRows(results).length },
  ]);
  return { pruned, done: pruned < limit };
}
