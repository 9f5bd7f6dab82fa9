import { NOW, type SqlClock } from '../db/index.js';
import { WAIT_OF_LANE } from './fragments.js';
import { lastRows, type Operation } from './operation.js';
import { moveStatements } from './scratch.js';
import { SETTLED, sqlList } from './states.js';

export type RetryOutcome = 'retried' | 'not-found' | 'promise-not-settled';

const CHOOSE = `
SELECT id, iif(lane IS NULL, 'pending', 'waiting') FROM promises
WHERE id = ?1 AND status IN (${sqlList(SETTLED)})`;

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

const SELECT_CLAIM = 'SELECT claim FROM promises WHERE id = ?1';

/** Runs a settled promise again, from its first attempt. */
export function retryOperation(
  id: string,
  token: string,
  clock: SqlClock,
): Operation<RetryOutcome> {
  const apply = [{ sql: RETRY, args: [clock(), token] }, { sql: DROP_BODIES }];
  return {
    statements: [
      ...moveStatements({ choose: CHOOSE, args: [id], apply }),
      { sql: SELECT_CLAIM, args: [id] },
    ],
    read: (results) => {
      const [row] = lastRows(results);
      if (row === undefined) return 'not-found';
      return row.claim === token ? 'retried' : 'promise-not-settled';
    },
  };
}
