import { type Database, NOW, type SqlClock } from '../db/index.js';
import { admitStatements } from './admit.js';
import { LIMITS } from './limits.js';
import { perform } from './operation.js';
import type { Recovered, RecoveryDecision } from './recoveries.js';
import { releaseOrphansStatements } from './release.js';
import { numberOf, textOf } from './row.js';

/** What one slice of the look for promises that wait for nobody found. */
export interface WaitingReport {
  readonly promises: readonly Recovered[];
  /** Where the next slice goes on; null when this was the last. */
  readonly next: string | null;
}

/** Parents that one slice looks at: a seek or two each. */
const PARENTS_MAX = 1_000;

/** Parents that somebody waits for, in the order of their ids after `?2`: skipped through by the index. */
const SELECT_PARENTS = `
WITH RECURSIVE open(parent) AS (
  SELECT (
    SELECT parent_id FROM dependencies INDEXED BY dependencies_open_by_parent
    WHERE outcome IS NULL AND parent_id > ?2 ORDER BY parent_id LIMIT 1
  )
  UNION ALL
  SELECT (
    SELECT d.parent_id FROM dependencies d INDEXED BY dependencies_open_by_parent
    WHERE d.outcome IS NULL AND d.parent_id > open.parent ORDER BY d.parent_id LIMIT 1
  )
  FROM open WHERE open.parent IS NOT NULL LIMIT ${PARENTS_MAX}
)
SELECT open.parent, ${NOW} AS now,
  p.id IS NULL OR (p.settled_at IS NOT NULL AND p.release_due IS NULL) AS is_settled
FROM open LEFT JOIN promises p ON p.id = open.parent WHERE open.parent IS NOT NULL`;

const DECISIONS: Readonly<Record<string, RecoveryDecision>> = {
  pending: 'run-again',
  waiting: 'wait',
  failed: 'fail',
  cancelled: 'cancel',
};

/**
 * Decides about promises that wait for parents which are settled already, or gone, and
 * which nobody will tell of it. The usual way is a mark on the parent (`release.ts`).
 * Nothing found is one read.
 */
export async function recoverWaiting(
  database: Database,
  clock: SqlClock,
  after: string,
): Promise<WaitingReport> {
  const label = 'promises.recover';
  const [found] = await database.read([{ sql: SELECT_PARENTS, args: [clock(), after] }], { label });
  const rows = found?.rows ?? [];
  const last = rows.at(-1);
  const next = last !== undefined && rows.length === PARENTS_MAX ? textOf(last, 'parent') : null;
  const settled = rows.filter((row) => row.is_settled === 1);
  if (settled.length === 0) return { promises: [], next };
  const now = numberOf(settled[0] ?? {}, 'now');
  const parents = settled.map((row) => textOf(row, 'parent'));
  const release = releaseOrphansStatements(parents, now, clock);
  const statements = [...release.statements, ...admitStatements(clock)];
  const [{ promises, isFull }] = await perform(database, label, [
    {
      statements,
      read: (results) => {
        const reported = results[release.reportAt]?.rows ?? [];
        return { promises: reported.map(recoveredOf), isFull: reported.length >= LIMITS.sliceMax };
      },
    },
  ]);
  // More children than a slice has: the same parents again.
  return { promises, next: isFull ? after : next };
}

function recoveredOf(row: Readonly<Record<string, unknown>>): Recovered {
  const status = String(row.status);
  return {
    id: String(row.id),
    queue: String(row.queue),
    type: String(row.type),
    reason: 'parents-settled',
    decision: DECISIONS[status] ?? 'wait',
    worker: null,
    lastHeartbeatAt: null,
    nextRunAt: status === 'pending' ? Number(row.run_at) : null,
  };
}
