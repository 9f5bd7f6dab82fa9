import { BACK_MS_MAX, RETENTION_MS } from '../scenario.js';
import { type Invariant, isSettled } from './invariant.js';

/** No promise goes away before it was settled, and kept as long as retention says. */
export const keptPromisesStay: Invariant = ({ world, now, before }) => {
  for (const [id, old] of before.promises) {
    if (now.promises.has(id)) continue;
    if (!isSettled(old)) return `${id} was ${old.status} and is gone`;
    // Statements of one write may see later milliseconds than the one that looked.
    const ageMs = world.server.now() - (old.settledAt ?? 0);
    if (ageMs < RETENTION_MS - BACK_MS_MAX) return `${id} was settled ${ageMs} ms ago and is gone`;
  }
  return undefined;
};

/** What is settled stays as it is, unless `retry` opens a new epoch, once a call. */
export const settledStaySettled: Invariant = ({ world, now, before }) => {
  for (const [id, old] of before.promises) {
    const row = now.promises.get(id);
    if (row === undefined) continue;
    if (row.epoch > old.epoch) {
      if (!isSettled(old)) return `${id} was ${old.status} and got a new epoch`;
      const calls = world.ledger.retries.get(id) ?? 0;
      if (row.epoch > calls) return `${id} has epoch ${row.epoch} after ${calls} calls of retry`;
    } else if (isSettled(old)) {
      const isSame = row.status === old.status && row.settledAt === old.settledAt;
      if (!isSame) return `${id} was ${old.status} and is ${row.status}`;
      if (row.fence !== old.fence) return `${id} was settled, and its fence was raised`;
    }
  }
  return undefined;
};

/** No slice of retention deletes more than it may. */
export const pruneIsBounded: Invariant = ({ now, before }) => {
  let gone = 0;
  for (const id of before.promises.keys()) if (!now.promises.has(id)) gone += 1;
  return gone > PRUNE_SLICE ? `one write deleted ${gone} promises` : undefined;
};

/** Promises that one slice of retention deletes in a simulation. */
export const PRUNE_SLICE = 5;
