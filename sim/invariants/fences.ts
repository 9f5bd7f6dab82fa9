import { BACK_MS_MAX } from '../scenario.js';
import type { PromiseRow } from '../snapshot.js';
import type { Invariant } from './invariant.js';

/** A fence never goes back, and every new owner, recovery, cancel and retry raises it. */
export const fencesRise: Invariant = ({ now, before }) => {
  for (const [id, old] of before.promises) {
    const row = now.promises.get(id);
    if (row === undefined) continue;
    if (row.fence < old.fence) return `the fence of ${id} went back`;
    const why = mustRise(old, row);
    if (why !== undefined && row.fence === old.fence) return `${id} ${why} without a new fence`;
    const isSettlement = row.outcome !== null && row.outcomeFence !== old.outcomeFence;
    if (isSettlement && row.outcomeFence !== old.fence) {
      return `${id} was settled with fence ${row.outcomeFence} while it had ${old.fence}`;
    }
  }
  return undefined;
};

function mustRise(old: PromiseRow, row: PromiseRow): string | undefined {
  if (row.crashes > old.crashes) return 'was recovered';
  if (row.epoch > old.epoch) return 'was retried';
  if (row.status === 'cancelled' && old.status !== 'cancelled' && row.outcome !== 'cancel') {
    return 'was cancelled from outside';
  }
  const isClaimed = row.status === 'in_progress' && row.claim !== old.claim;
  return isClaimed ? 'has a new owner' : undefined;
}

/** Whoever runs has been asked for by a worker that can name it. */
export const ownersAreKnown: Invariant = ({ world, now }) => {
  for (const { id, status, claim } of now.promises.values()) {
    if (status !== 'in_progress') continue;
    if (claim === null || !now.claims.has(claim)) return `${id} runs under no claim`;
    if (!world.ledger.tokens.has(claim)) return `${id} runs under a token that no worker knows`;
  }
  return undefined;
};

/** A lease that is over is a crash, and only that: nobody loses a promise that it holds in time. */
export const leasesHold: Invariant = ({ world, now, before }) => {
  for (const [id, old] of before.promises) {
    const row = now.promises.get(id);
    if (row === undefined || row.crashes <= old.crashes) continue;
    const leftMs = (old.leaseExpiresAt ?? 0) - world.server.now();
    if (leftMs > BACK_MS_MAX) return `${id} was recovered ${leftMs} ms before its lease was over`;
  }
  return undefined;
};
