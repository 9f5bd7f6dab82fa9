import { NOW, type SqlClock } from '../db/index.js';
import { lastRows, type Operation } from './operation.js';
import type { Progress } from './promise.js';
import { numberOf, textOf } from './row.js';

export interface Heartbeat {
  readonly id: string;
  readonly fence: number;
  /** The new lease, from now. Default the claim's. */
  readonly leaseMs?: number;
  /** How far it is. Default what it was. */
  readonly progress?: Progress;
}

export type HeartbeatOutcome =
  | { readonly id: string; readonly held: true; readonly leaseExpiresAt: number }
  | { readonly id: string; readonly held: false };

const EXTEND = `
UPDATE promises SET heartbeat_at = ${NOW}, lease_expires_at = ${NOW} + coalesce(beat.lease_ms, promises.lease_ms),
  progress = coalesce(beat.progress, promises.progress)
FROM (
  SELECT value ->> 'id' AS id, value ->> 'fence' AS fence, value ->> 'leaseMs' AS lease_ms,
    value ->> 'progress' AS progress
  FROM json_each(?2)
) beat
WHERE promises.id = beat.id AND promises.fence = beat.fence AND promises.status = 'in_progress'
RETURNING id, lease_expires_at`;

/** Extends leases that are still held, each id once. */
export function heartbeatOperation(
  beats: readonly Heartbeat[],
  clock: SqlClock,
): Operation<HeartbeatOutcome[]> {
  return {
    statements: [{ sql: EXTEND, args: [clock(), JSON.stringify(beats.map(itemOf))] }],
    read: (results) => {
      const held = new Map(
        lastRows(results).map((row) => [textOf(row, 'id'), numberOf(row, 'lease_expires_at')]),
      );
      return beats.map(({ id }) => {
        const leaseExpiresAt = held.get(id);
        return leaseExpiresAt === undefined
          ? { id, held: false }
          : { id, held: true, leaseExpiresAt };
      });
    },
  };
}

/** The user's message stays a text inside the set (F13). */
function itemOf({ progress, ...beat }: Heartbeat) {
  return progress === undefined ? beat : { ...beat, progress: JSON.stringify(progress) };
}
