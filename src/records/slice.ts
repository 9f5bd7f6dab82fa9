import type { Database, SqlClock } from '../db/index.js';
import { numberOf } from './row.js';

/** Rows that one write of retention deletes. */
export const SLICE_MAX = 500;

const COUNT_DELETED = 'SELECT changes() AS deleted';

/**
 * Deletes one slice: `sql` takes the clock (`?1`), the age in milliseconds (`?2`)
 * and the most rows (`?3`). Sent twice it deletes two slices, of what is old
 * enough either way. Returns how many it deleted; fewer than `limit` means that
 * nothing older is left.
 */
export async function pruneSlice(
  database: Database,
  label: string,
  sql: string,
  args: { readonly clock: SqlClock; readonly olderThanMs: number; readonly limit: number },
): Promise<number> {
  const limit = Math.min(args.limit, SLICE_MAX);
  const [, deleted] = await database.write(
    [{ sql, args: [args.clock(), args.olderThanMs, limit] }, { sql: COUNT_DELETED }],
    { label, idempotent: true },
  );
  return numberOf(deleted?.rows[0] ?? {}, 'deleted');
}
