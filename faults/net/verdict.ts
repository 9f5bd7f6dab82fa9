import { DEADLINE_MS } from './line.js';
import { hasMet, type Met } from './meeting.js';
import { ANSWERED } from './network.js';

/** How much later than its deadline something may end. */
const GRACE_MS = 250;
/** Full service is back by then. */
const HEALED_MS_MAX = 2_000;

const CODES = /^(commit-unknown|database-(timeout|unavailable|auth|rate-limited|busy))$/;

/** What is wrong with how an operation ended. */
export function wrongWith(met: Met): string[] {
  const { fault, outcome, shows } = met;
  const isDone = outcome === 'done';
  const isExpired = fault === 'expire' && outcome === 'transaction-expired';
  const isUndone = !isDone && outcome !== 'commit-unknown' && !ANSWERED.has(fault);
  return [
    ...(isDone || CODES.test(outcome) || isExpired ? [] : [`it ended with ${outcome}`]),
    ...(hasMet(met) ? [] : ['it met no fault: it sent no write']),
    ...(isDone && !ANSWERED.has(fault) ? ['it says done, and no call was answered'] : []),
    ...(isUndone && shows === true ? [`it says ${outcome}, and was done all the same`] : []),
    ...(isDone && shows === false ? ['it says done, and nothing shows'] : []),
  ];
}

/** What of it came too late. */
export function lateIn(met: Met): string[] {
  const { callMs, operationMs, healedMs } = met;
  const operationMsMax = deadlinesOf(met) * DEADLINE_MS + GRACE_MS;
  return [
    ...(callMs > DEADLINE_MS + GRACE_MS ? [`a call took ${callMs} ms`] : []),
    ...(operationMs > operationMsMax ? [`it took ${operationMs} of ${operationMsMax} ms`] : []),
    ...(healedMs > HEALED_MS_MAX ? [`no service for ${healedMs} ms after healing`] : []),
  ];
}

/**
 * An operation ends with the first of its calls that fails; where calls succeed it makes all of
 * them, and one more to look up what a write has done that was sent again.
 */
function deadlinesOf({ fault, callsUsual, calls }: Met): number {
  if (!ANSWERED.has(fault)) return 1;
  return callsUsual + (calls.includes('w') ? 1 : 0);
}
