import { type Database, NOW, type SqlClock } from '../db/index.js';
import { goOperation, readGoing } from './going.js';
import { LIMITS } from './limits.js';
import { perform } from './operation.js';
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

/** The settled promises of one slice: at most `?2`, settled more than `?3` ago, oldest first: one index a status, merged. */
const SLICE = `
SELECT seq FROM (
  ${SETTLED.map(
    (status) => `SELECT seq, settled_at FROM promises INDEXED BY promises_settled_by_age
    WHERE status = '${status}' AND settled_at < ${NOW} - ?3`,
  ).join('\n  UNION ALL ')}
  ORDER BY settled_at, seq LIMIT ?2
)`;

const SELECT_SLICE = `
SELECT ${NOW} AS now, (SELECT json_group_array(seq) FROM (${SLICE})) AS seqs,
  EXISTS (SELECT 1 FROM claims WHERE claimed_at < ${NOW} - ${CLAIM_AGE_MS}) AS claims`;

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
  const going = await readGoing(database, seqs);
  const statements = claims ? [{ sql: PRUNE_CLAIMS, args: [numberOf(row, 'now')] }] : [];
  const [pruned] = await perform(database, 'promises.prune', [
    goOperation(going),
    { statements, read: () => undefined },
  ]);
  return { pruned, done: pruned < limit };
}
