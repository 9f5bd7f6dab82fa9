import { NOW, type SqlClock, type Statement } from '../db/index.js';
import { ON_SETTLED, WAIT_OF_LANE } from './fragments.js';
import { LIMITS } from './limits.js';
import { moveStatements } from './scratch.js';
import { SETTLED, sqlList } from './states.js';

/** Dependents of settled promises that have yet to be told. */
const CHOOSE_DEPENDENTS = `
SELECT DISTINCT d.child_id, NULL
FROM promises p INDEXED BY promises_to_release
CROSS JOIN dependencies d INDEXED BY dependencies_open_by_parent
  ON d.parent_id = p.id AND d.outcome IS NULL
WHERE p.release_due IS NOT NULL
LIMIT ${LIMITS.sliceMax}`;

/** The same of the parents in `?1`, settled or gone, of whom nothing says that they have yet to be told. */
const CHOOSE_ORPHANS = `
SELECT DISTINCT d.child_id, NULL
FROM json_each(?1) given CROSS JOIN dependencies d INDEXED BY dependencies_open_by_parent
  ON d.parent_id = given.value AND d.outcome IS NULL
LIMIT ${LIMITS.sliceMax}`;

/** What was decided about them: `?1` is when. */
const REPORT_ORPHANS = `
INSERT INTO recoveries (promise_id, fence, queue, type, reason, worker, last_heartbeat_at, decision,
  next_run_at, recovered_at)
SELECT p.id, p.fence, p.queue, p.type, 'parents-settled', NULL, NULL,
  CASE p.status WHEN 'pending' THEN 'run-again' WHEN 'waiting' THEN 'wait'
    WHEN 'failed' THEN 'fail' ELSE 'cancel' END,
  iif(p.status = 'pending', p.run_at, NULL), ?1
FROM scratch s CROSS JOIN promises p ON p.id = s.id WHERE true
ON CONFLICT DO NOTHING`;

const SELECT_ORPHANS = `
SELECT p.id, p.queue, p.type, p.status, p.run_at FROM scratch s CROSS JOIN promises p ON p.id = s.id`;

/** `?1` is a JSON array of ids; those that were not made are not there. */
const CHOOSE_MADE = `
SELECT p.id, NULL FROM json_each(?1) made CROSS JOIN promises p ON p.id = made.value
WHERE p.waits_for = 'parents'`;

/** A parent that is gone was settled long ago, and kept: retention takes nothing else. */
const RECORD_OUTCOMES = `
UPDATE dependencies SET outcome = coalesce(
  (SELECT p.status FROM promises p WHERE p.id = dependencies.parent_id), 'completed'
)
WHERE outcome IS NULL AND child_id IN (SELECT id FROM scratch)
  AND NOT EXISTS (
    SELECT 1 FROM promises p WHERE p.id = dependencies.parent_id AND p.settled_at IS NULL
  )`;

/** Not from counts: a set may settle several parents of one promise (F20). */
const DECIDE = `
UPDATE scratch SET next = (
  SELECT CASE
    WHEN p.waits_for IS NOT 'parents' THEN NULL
    WHEN p.on_parent_failure <> 'run' AND EXISTS (
      SELECT 1 FROM dependencies d
      WHERE d.child_id = p.id AND d.outcome IN ('failed', 'cancelled')
    ) THEN iif(p.on_parent_failure = 'cancel', 'cancelled', 'failed')
    WHEN EXISTS (
      SELECT 1 FROM dependencies d WHERE d.child_id = p.id AND d.outcome IS NULL
    ) THEN NULL
    WHEN p.lane IS NULL THEN 'pending'
    ELSE 'waiting'
  END
  FROM promises p WHERE p.id = scratch.id
)`;

const DROP_UNDECIDED = 'DELETE FROM scratch WHERE next IS NULL';

const RELEASE = `
UPDATE promises AS p SET status = s.next,
  waits_for = iif(s.next = 'waiting', ${WAIT_OF_LANE}, NULL)
FROM scratch s WHERE p.id = s.id AND s.next IN ('pending', 'waiting')`;

const SETTLE_CHILDREN = `
UPDATE promises AS p SET status = s.next, waits_for = NULL, fence = p.fence + 1,
  settled_at = ${NOW}, error = ?2, ${ON_SETTLED}
FROM scratch s WHERE p.id = s.id AND s.next IN (${sqlList(SETTLED)})`;

/** A parent with more dependents than one slice keeps its mark. */
const UNMARK = `
UPDATE promises AS p SET release_due = NULL
WHERE p.release_due IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM dependencies d INDEXED BY dependencies_open_by_parent
  WHERE d.parent_id = p.id AND d.outcome IS NULL
)`;

const ERROR = JSON.stringify({
  code: 'parent-failed',
  message: 'a promise that it depends on failed or was cancelled',
});

const decide = [RECORD_OUTCOMES, DECIDE, DROP_UNDECIDED].map((sql) => ({ sql }));

const applied = (clock: SqlClock): Statement[] => [
  { sql: RELEASE },
  { sql: SETTLE_CHILDREN, args: [clock(), ERROR] },
];

const told = (clock: SqlClock) => ({ kind: 'ready', error: ERROR, clock }) as const;

/** Tells the dependents of settled promises: one slice. */
export function releaseStatements(clock: SqlClock): Statement[] {
  const apply = [...applied(clock), { sql: UNMARK }];
  return moveStatements({ choose: CHOOSE_DEPENDENTS, args: [], decide, event: told(clock), apply });
}

/** Decides about promises that have just been made: their parents may be settled already. */
export function releaseMadeStatements(ids: readonly string[], clock: SqlClock): Statement[] {
  const args = [JSON.stringify(ids)];
  const apply = applied(clock);
  return moveStatements({ choose: CHOOSE_MADE, args, decide, event: told(clock), apply });
}

/** Tells the dependents of `parents`: one slice. `reportAt` is the statement that lists them. */
export function releaseOrphansStatements(
  parents: readonly string[],
  now: number,
  clock: SqlClock,
): { readonly statements: Statement[]; readonly reportAt: number } {
  const args = [JSON.stringify(parents)];
  const apply = [...applied(clock), { sql: REPORT_ORPHANS, args: [now] }, { sql: SELECT_ORPHANS }];
  const event = told(clock);
  const statements = moveStatements({ choose: CHOOSE_ORPHANS, args, decide, event, apply });
  // The set is emptied after it has been read.
  return { statements, reportAt: statements.length - 2 };
}
