import { NOW, type SqlClock, type Statement } from '../db/index.js';
import { ON_SETTLED } from './fragments.js';
import { LIMITS } from './limits.js';
import { moveStatements } from './scratch.js';

const CHOOSE = `
SELECT id, 'cancelled' FROM promises INDEXED BY promises_expiring
WHERE expires_at <= ${NOW} AND expires_at IS NOT NULL AND started_at IS NULL AND settled_at IS NULL
ORDER BY expires_at LIMIT ${LIMITS.sliceMax}`;

const EXPIRE = `
UPDATE promises AS p SET status = 'cancelled', waits_for = NULL, fence = p.fence + 1,
  settled_at = ${NOW}, error = ?2, ${ON_SETTLED}
FROM scratch s WHERE p.id = s.id`;

const ERROR = JSON.stringify({
  code: 'expired',
  message: 'it had not begun by the time it had to',
});

/** Cancels what had to begin by now and has not: one slice. */
export function expireStatements(clock: SqlClock): Statement[] {
  const apply = [{ sql: EXPIRE, args: [clock(), ERROR] }];
  const event = { kind: 'cancelled', error: ERROR, clock } as const;
  return moveStatements({ choose: CHOOSE, args: [clock()], event, apply });
}
