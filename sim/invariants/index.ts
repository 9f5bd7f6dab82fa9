import {
  attemptsAreBounded,
  lanesCountRight,
  linesCountRight,
  scratchIsEmpty,
} from './counters.js';
import { fencesRise, leasesHold, ownersAreKnown } from './fences.js';
import type { Invariant, Look } from './invariant.js';
import { keptPromisesStay, pruneIsBounded, settledStaySettled } from './kept.js';
import { concurrencyHolds, orderHolds, rateHolds } from './limits.js';
import {
  effectsGoWithTheirRun,
  keysAreUnique,
  ordersAreMadeOnce,
  parentsComeFirst,
  slotsAreUnique,
} from './relations.js';

export { PRUNE_SLICE } from './kept.js';

/** What must hold after every write, whatever goes wrong. */
const INVARIANTS: Readonly<Record<string, Invariant>> = {
  keptPromisesStay,
  settledStaySettled,
  pruneIsBounded,
  fencesRise,
  ownersAreKnown,
  leasesHold,
  concurrencyHolds,
  rateHolds,
  orderHolds,
  parentsComeFirst,
  keysAreUnique,
  ordersAreMadeOnce,
  effectsGoWithTheirRun,
  slotsAreUnique,
  linesCountRight,
  lanesCountRight,
  scratchIsEmpty,
  attemptsAreBounded,
};

/** The first that does not hold, and why. */
export function check(look: Look): string | undefined {
  for (const [name, invariant] of Object.entries(INVARIANTS)) {
    const why = invariant(look);
    if (why !== undefined) return `${name}: ${why}`;
  }
  return undefined;
}
