import { type Database, NOW, type Row, type SqlClock, type Statement } from '../db/index.js';
import { admitStatements } from './admit.js';
import { LIMITS } from './limits.js';
import { perform } from './operation.js';
import { type LanePlace, laneLookOf, lookAtLanes, mendLanesOperation } from './recover-lanes.js';
import { lookAtQueues, mendQueuesOperation } from './recover-queues.js';
import type { Recovered, RecoveryDecision } from './recoveries.js';
import { releaseOrphansStatements } from './release.js';
import { numberOf, textOf } from './row.js';

/** What one slice of the look for promises that wait for nobody found. */
export interface WaitingReport {
  readonly promises: readonly Recovered[];
  /** Where the next slice goes on; null when this was the last. */
  readonly next: WaitingPlace | null;
}

/** How far a look has come: after which parent, and which lane of each kind. Null: that is through. */
export interface WaitingPlace {
  readonly parents: string | null;
  readonly lane: LanePlace | null;
  readonly turn: LanePlace | null;
  /** Limits of queues are looked at in one go. */
  readonly queues: 'all' | null;
}

export const WAITING_START: WaitingPlace = {
  parents: '',
  lane: ['', ''],
  turn: ['', ''],
  queues: 'all',
};

const LABEL = 'promises.recover';

const NO_LOOK: Statement = { sql: 'SELECT NULL WHERE false' };

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
 * Decides about promises that nobody will tell to begin: they wait for parents which are
 * settled already, or gone, or in a lane or queue whose counter is wrong. The usual ways are a mark
 * on the parent (`release.ts`) and on the lane (`admit.ts`). Nothing found is one read.
 */
export async function recoverWaiting(
  database: Database,
  clock: SqlClock,
  place: WaitingPlace,
): Promise<WaitingReport> {
  const { parents, lane, turn, queues } = place;
  const looks = [
    parents === null ? NO_LOOK : { sql: SELECT_PARENTS, args: [clock(), parents] },
    lane === null ? NO_LOOK : lookAtLanes('lane', lane, clock),
    turn === null ? NO_LOOK : lookAtLanes('turn', turn, clock),
    queues === null ? NO_LOOK : lookAtQueues(clock),
  ];
  const found = await database.read(looks, { label: LABEL });
  const [rows = [], inLanes = [], inTurn = [], miscounted = []] = found.map(
    (result) => result.rows,
  );
  const orphans = await releaseOrphans(database, clock, rows);
  const looked = [laneLookOf(inLanes), laneLookOf(inTurn)] as const;
  const wrong = looked.flatMap((look) => look.wrong);
  const now = numberOf([...inLanes, ...inTurn][0] ?? { now: 0 }, 'now');
  const mending = [
    ...(wrong.length > 0 ? [mendLanesOperation(wrong, now, clock)] : []),
    ...(miscounted.length > 0 ? [mendQueuesOperation(miscounted)] : []),
  ];
  const mended = mending.length > 0 ? await perform(database, LABEL, mending) : [];
  const last = rows.length === PARENTS_MAX ? rows.at(-1) : undefined;
  const after = last === undefined ? null : textOf(last, 'parent');
  return {
    promises: [...orphans.promises, ...mended.flat()],
    // More children than a slice has: the same parents again.
    next: placeOf({
      parents: orphans.isFull ? parents : after,
      lane: looked[0].next,
      turn: looked[1].next,
      queues: null,
    }),
  };
}

function placeOf(place: WaitingPlace): WaitingPlace | null {
  return Object.values(place).every((part) => part === null) ? null : place;
}

/** Tells the children of parents that are settled: one slice of them. */
async function releaseOrphans(database: Database, clock: SqlClock, rows: readonly Row[]) {
  const settled = rows.filter((row) => row.is_settled === 1);
  if (settled.length === 0) return { promises: [], isFull: false };
  const now = numberOf(settled[0] ?? {}, 'now');
  const parents = settled.map((row) => textOf(row, 'parent'));
  const release = releaseOrphansStatements(parents, now, clock);
  const statements = [...release.statements, ...admitStatements(clock)];
  const [report] = await perform(database, LABEL, [
    {
      statements,
      read: (results) => {
        const reported = results[release.reportAt]?.rows ?? [];
        return { promises: reported.map(recoveredOf), isFull: reported.length >= LIMITS.sliceMax };
      },
    },
  ]);
  return report;
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
