import type { Random } from '../core/index.js';

/** Waits after an error of the database. */
const ERROR_WAIT_MS = { first: 100, max: 5_000 } as const;

/** How long to wait after the `errors`-th error in a row (0 first). */
export function errorWaitMs(errors: number, random: Random): number {
  return Math.min(ERROR_WAIT_MS.first * 2 ** errors, ERROR_WAIT_MS.max) * (0.5 + random() / 2);
}
