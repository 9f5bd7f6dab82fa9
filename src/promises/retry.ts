import { NOW, type SqlClock } from '../db/index.js';
import { WAIT_OF_LANE } from './fragments.js';
import { lastRows, type Operation } from './operation.js';
import { textOf } from './row.js';
import { moveStatements } from './scratch.js';
import { SETTLED, sqlList } from './states.js';

export type RetryOutcome = 'retried' | 'not-found' | 'promise-not-settled';

/** `?1` is a JSON array of ids. */
const CHOOSE = `
SELECT p.id, iif(p.lane IS NULL, 'pending', 'waiting')
FROM json_each(?1) asked CROSS JOIN promises p ON p.id = asked.value
WHERE p.status IN (${sqlList(SETTLED)})`;

/** Opens a new epoch. The token stays on the row until the next claim, so that sending it again is seen. */
const RETRY = `
UPDATE promises AS p SET status = s.next,
  waits_for = iif(s.next = 'waiting', ${WAIT_OF_LANE}, NULL),
  epoch = p.epoch + 1, fence = p.fence + 1, attempt = 0, crashes = 0, claim = ?2, run_at = ${NOW},
  started_at = NULL, settled_at = NULL, expires_at = NULL, release_due = NULL,
  result = NULL, error = NULL, progress = NULL, state = NULL, outcome = NULL, outcome_fence = NULL
FROM scratch s WHERE p.id = s.id`;

const DROP_BODIES = `
DELETE FROM bodies WHERE promise_id IN (SELECT id FROM scratch) AND part IN ('result', 'state')`;

const SELECT_RETRIED = `
SELECT p.id, p.claim = ?2 AS retried
FROM json_each(?1) asked CROSS JOIN promises p ON p.id = asked.value`;

/** Runs settled promises again, from their first attempt. Answers by id. */
export function retryOperation(
  ids: readonly string[],
  token: string,
  clock: SqlClock,
): Operation<Map<string, RetryOutcome>> {
  const asked = JSON.stringify(ids);
  const apply = [{ sql: RETRY, args: [clock(), token] }, { sql: DROP_BODIES }];
  return {
    statements: [
      ...moveStatements({
        choose: CHOOSE,
        args: [asked],
        event: { kind: 'retried', clock },
        apply,
      }),
      { sql: SELECT_RETRIED, args: [asked, token] },
    ],
    read: (results) => {
      const found = new Map(lastRows(results).map((row) => [textOf(row, 'id'), row.retried === 1]));
      return new Map(ids.map((id) => [id, outcomeOf(found.get(id))]));
    },
  };
}

function outcomeOf(retried: boolean | undefined): RetryOutcome {
  if (retried === undefined) return 'not-found';
  return retried ? 'retried' : 'promise-not-settled';
}
