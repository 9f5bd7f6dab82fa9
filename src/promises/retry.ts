import { type Migration, NOW, type Row, type SqlClock } from '../db/index.js';
import { WAIT_OF_LANE } from './fragments.js';
import { lastRows, type Operation } from './operation.js';
import { numberOf, textOf } from './row.js';
import { moveStatements } from './scratch.js';
import { SETTLED, sqlList } from './states.js';

export type RetryOutcome = 'retried' | 'not-found' | 'promise-not-settled';

/** A promise that was to be run again, as it is now. */
export interface Retried {
  readonly outcome: Exclude<RetryOutcome, 'not-found'>;
  readonly type: string;
  readonly runAt: number;
}

/** The latest call that has retried a promise: sent again, it changes nothing and is answered the same. */
const RETRIED_BY = 'ALTER TABLE promises ADD COLUMN retried_by TEXT';

export const retryMigrations: readonly Migration[] = [
  { version: 120, name: 'retries', statements: [RETRIED_BY] },
];

/** Cancelled while its parents were not settled: it waits for them again. One that has failed is overruled. */
const WAITS_FOR_PARENTS = `(
  EXISTS (SELECT 1 FROM dependencies d WHERE d.child_id = p.id AND d.outcome IS NULL)
  AND (p.on_parent_failure = 'run' OR NOT EXISTS (
    SELECT 1 FROM dependencies d WHERE d.child_id = p.id AND d.outcome IN ('failed', 'cancelled')
  ))
)`;

/** `?1` is a JSON array of ids, `?2` the token. */
const CHOOSE = `
SELECT p.id, iif(p.lane IS NULL AND NOT ${WAITS_FOR_PARENTS}, 'pending', 'waiting')
FROM json_each(?1) asked CROSS JOIN promises p ON p.id = asked.value
WHERE p.status IN (${sqlList(SETTLED)}) AND p.retried_by IS NOT ?2`;

/** Opens a new epoch. */
const RETRY = `
UPDATE promises AS p SET status = s.next,
  waits_for = iif(s.next <> 'waiting', NULL,
    iif(${WAITS_FOR_PARENTS}, 'parents', ${WAIT_OF_LANE})),
  epoch = p.epoch + 1, fence = p.fence + 1, attempt = 0, crashes = 0, claim = NULL, run_at = ${NOW},
  started_at = NULL, settled_at = NULL, expires_at = NULL, release_due = NULL, retried_by = ?2,
  result = NULL, error = NULL, progress = NULL, state = NULL, outcome = NULL, outcome_fence = NULL
FROM scratch s WHERE p.id = s.id`;

const DROP_BODIES = `
DELETE FROM bodies WHERE promise_id IN (SELECT id FROM scratch) AND part IN ('result', 'state')`;

const SELECT_RETRIED = `
SELECT p.id, p.type, p.run_at, p.retried_by IS ?2 AS retried
FROM json_each(?1) asked CROSS JOIN promises p ON p.id = asked.value`;

/** Runs settled promises again, from their first attempt. Answers those that are there, by id. */
export function retryOperation(
  ids: readonly string[],
  token: string,
  clock: SqlClock,
): Operation<Map<string, Retried>> {
  const asked = JSON.stringify(ids);
  const apply = [{ sql: RETRY, args: [clock(), token] }, { sql: DROP_BODIES }];
  return {
    statements: [
      ...moveStatements({
        choose: CHOOSE,
        args: [asked, token],
        event: { kind: 'retried', clock },
        apply,
      }),
      { sql: SELECT_RETRIED, args: [asked, token] },
    ],
    read: (results) => new Map(lastRows(results).map((row) => [textOf(row, 'id'), retriedOf(row)])),
  };
}

function retriedOf(row: Row): Retried {
  const outcome = row.retried === 1 ? 'retried' : 'promise-not-settled';
  return { outcome, type: textOf(row, 'type'), runAt: numberOf(row, 'run_at') };
}
