import type { Database, SqlClock } from '../db/index.js';
import { admitStatements } from './admit.js';
import { expireStatements } from './expire.js';
import { LOOK_TO_ADVANCE } from './look.js';
import { type Operation, perform } from './operation.js';
import { releaseMadeStatements, releaseStatements } from './release.js';

/** Slices of one call; what is left is due at once for the next. */
const ROUNDS_MAX = 1_000;

/**
 * Cancels what has expired, tells dependents of what is settled, and admits to
 * lanes with room, slice by slice until nothing is left to do. Nothing to do is
 * one read.
 * @returns the slices that were written
 */
export async function advance(database: Database, clock: SqlClock): Promise<number> {
  for (let rounds = 0; rounds < ROUNDS_MAX; rounds += 1) {
    const [look] = await database.read([{ sql: LOOK_TO_ADVANCE, args: [clock()] }], {
      label: 'promises.advance',
    });
    const { expired, settled, lanes } = look?.rows[0] ?? {};
    if (!(expired || settled || lanes)) return rounds;
    const statements = [
      ...(expired ? expireStatements(clock) : []),
      ...(settled ? releaseStatements(clock) : []),
      ...(lanes || settled || expired ? admitStatements(clock) : []),
    ];
    await perform(database, 'promises.advance', [{ statements, read: () => undefined }]);
  }
  return ROUNDS_MAX;
}

/** Lets promises that have just been made begin, if their parents and lanes allow it. */
export function startOperation(ids: readonly string[], clock: SqlClock): Operation<void> {
  const statements = [...releaseMadeStatements(ids, clock), ...admitStatements(clock)];
  return { statements: ids.length === 0 ? [] : statements, read: () => undefined };
}

/** Fills lanes that have room: one slice. */
export function admitOperation(clock: SqlClock): Operation<void> {
  return { statements: admitStatements(clock), read: () => undefined };
}
