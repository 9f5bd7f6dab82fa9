import { NOW, type SqlClock } from '../db/index.js';
import { countMoves } from './lines.js';
import { lastRows, type Operation } from './operation.js';
import { SETTLED, sqlList } from './states.js';

export type RetryOutcome = 'retried' | 'not-found' | 'promise-not-settled';

const COUNT_RETRIED = countMoves(`
  SELECT queue, type, status AS before, 'pending' AS after FROM promises
  WHERE id = ?2 AND status IN (${sqlList(SETTLED)})`);

/** Opens a new epoch. The token stays on the row until the next claim, so that sending it again is seen. */
const RETRY = `
UPDATE promises SET status = 'pending', epoch = epoch + 1, fence = fence + 1, attempt = 0,
  crashes = 0, claim = ?3, run_at = ${NOW}, started_at = NULL, settled_at = NULL, result = NULL,
  error = NULL, outcome = NULL, outcome_fence = NULL
WHERE id = ?2 AND status IN (${sqlList(SETTLED)})`;

const DROP_RESULT = `
DELETE FROM bodies WHERE promise_id = ?1 AND part = 'result'
  AND EXISTS (SELECT 1 FROM promises WHERE id = ?1 AND status = 'pending')`;

const SELECT_CLAIM = 'SELECT claim FROM promises WHERE id = ?1';

/** Runs a settled promise again, from its first attempt. */
export function retryOperation(
  id: string,
  token: string,
  clock: SqlClock,
): Operation<RetryOutcome> {
  return {
    statements: [
      { sql: COUNT_RETRIED, args: [clock(), id] },
      { sql: RETRY, args: [clock(), id, token] },
      { sql: DROP_RESULT, args: [id] },
      { sql: SELECT_CLAIM, args: [id] },
    ],
    read: (results) => {
      const [row] = lastRows(results);
      if (row === undefined) return 'not-found';
      return row.claim === token ? 'retried' : 'promise-not-settled';
    },
  };
}
