import { setTimeout as sleep } from 'node:timers/promises';

const LOOKS_EVERY_MS = 50;

/**
 * Looks until it is so, for at most so long; answers whether it is.
 * @param everyMs for looks that cost whoever is looked at
 */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  msMax: number,
  everyMs = LOOKS_EVERY_MS,
): Promise<boolean> {
  const end = performance.now() + msMax;
  while (!(await isSo())) {
    if (performance.now() > end) return false;
    await sleep(everyMs);
  }
  return true;
}

/** Does it again until it is done, for at most so long; answers whether it is. */
export async function untilDone(work: () => Promise<unknown>, msMax: number): Promise<boolean> {
  const isDone = () =>
    work().then(
      () => true,
      () => false,
    );
  return await until(isDone, msMax);
}
