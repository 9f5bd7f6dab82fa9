import { NOW, type SqlClock } from '../db/index.js';
import { ON_SETTLED } from './fragments.js';
import { lastRows, type Operation } from './operation.js';
import { moveStatements } from './scratch.js';
import { type Status, sqlList, TRANSITIONS } from './states.js';

export type CancelOutcome = 'cancelled' | 'not-found' | 'promise-settled';

const CHOOSE = `
SELECT id, 'cancelled' FROM promises
WHERE id = ?1 AND status IN (${sqlList(TRANSITIONS.cancel.from)})`;

/**
 * A running attempt loses its fence: a worker of this process learns of it at
 * once, others with their next heartbeat or settlement.
 */
const CANCEL = `
UPDATE promises AS p SET status = 'cancelled', waits_for = NULL, fence = p.fence + 1, claim = NULL,
  lease_ms = NULL, lease_expires_at = NULL, error = ?2, settled_at = ${NOW}, ${ON_SETTLED}
FROM scratch s WHERE p.id = s.id`;

const SELECT_STATUS = 'SELECT status FROM promises WHERE id = ?1';

/** Cancels a promise that is not settled. Cancelling it again gives the same answer. */
export function cancelOperation(
  id: string,
  reason: string,
  clock: SqlClock,
): Operation<CancelOutcome> {
  const error = JSON.stringify({ code: 'cancelled', message: reason });
  const apply = [{ sql: CANCEL, args: [clock(), error] }];
  return {
    statements: [
      ...moveStatements({
        choose: CHOOSE,
        args: [id],
        event: { kind: 'cancelled', error, clock },
        apply,
      }),
      { sql: SELECT_STATUS, args: [id] },
    ],
    read: (results) => {
      const status = lastRows(results)[0]?.status as Status | undefined;
      if (status === undefined) return 'not-found';
      return status === 'cancelled' ? 'cancelled' : 'promise-settled';
    },
  };
}
