import { NOW, type SqlClock } from '../db/index.js';
import { countMoves } from './lines.js';
import { lastRows, type Operation } from './operation.js';
import { type Status, sqlList, TRANSITIONS } from './states.js';

export type CancelOutcome = 'cancelled' | 'not-found' | 'promise-settled';

const OPEN = `p.status IN (${sqlList(TRANSITIONS.cancel.from)})`;

const COUNT_CANCELLED = countMoves(`
  SELECT queue, type, status AS before, 'cancelled' AS after FROM promises p WHERE p.id = ?2 AND ${OPEN}`);

/** A running attempt loses its fence: its worker learns of it with its next heartbeat or settlement. */
const CANCEL = `
UPDATE promises AS p SET status = 'cancelled', fence = fence + 1, claim = NULL, lease_ms = NULL,
  lease_expires_at = NULL, error = ?3, settled_at = ${NOW}
WHERE p.id = ?2 AND ${OPEN}`;

const SELECT_STATUS = 'SELECT status FROM promises WHERE id = ?1';

/** Cancels a promise that is not settled. Cancelling it again gives the same answer. */
export function cancelOperation(
  id: string,
  reason: string,
  clock: SqlClock,
): Operation<CancelOutcome> {
  const error = JSON.stringify({ code: 'cancelled', message: reason });
  return {
    statements: [
      { sql: COUNT_CANCELLED, args: [clock(), id] },
      { sql: CANCEL, args: [clock(), id, error] },
      { sql: SELECT_STATUS, args: [id] },
    ],
    read: (results) => {
      const status = lastRows(results)[0]?.status as Status | undefined;
      if (status === undefined) return 'not-found';
      return status === 'cancelled' ? 'cancelled' : 'promise-settled';
    },
  };
}
