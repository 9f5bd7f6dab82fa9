import { type Clock, systemClock } from '../../core/index.js';

/** What retention did in one run. `done` false: more is old enough, and the next tick goes on. */
export type RetentionCounts = { readonly deleted: number; readonly done: boolean };

/** Deletes slices until one says `done`, `slicesMax` are deleted, or `signal` aborts. */
export async function pruneSlices(
  slice: () => Promise<{ readonly pruned: number; readonly done: boolean }>,
  bounds: { readonly slicesMax: number; readonly signal: AbortSignal },
): Promise<RetentionCounts> {
  let deleted = 0;
  for (let count = 0; count < bounds.slicesMax && !bounds.signal.aborted; count += 1) {
    const { pruned, done } = await slice();
    deleted += pruned;
    if (done) return { deleted, done };
  }
  return { deleted, done: false };
}

/** A write of this length is hardly noticed by those who wait for the lock. */
const WRITE_MS = 4;
/** After each write others have the lock for so many times as long. */
const PAUSE = { times: 3, msMax: 250 } as const;
const ROWS = { first: 100, min: 25 } as const;

/**
 * The same for what grows without bound: slices as long as others can bear, found out
 * as it goes, and a pause after each, so that whoever makes promises meanwhile notices
 * little. Ends after `rowsMax`.
 */
export async function pruneGently(
  slice: (rows: number) => Promise<{ readonly pruned: number; readonly done: boolean }>,
  bounds: { readonly rowsMax: number; readonly sliceRowsMax: number; readonly signal: AbortSignal },
  clock: Clock = systemClock,
): Promise<RetentionCounts> {
  const { rowsMax, sliceRowsMax, signal } = bounds;
  let deleted = 0;
  let rows = Math.min(ROWS.first, sliceRowsMax);
  while (deleted < rowsMax && !signal.aborted) {
    const startedAt = clock.monotonic();
    const { pruned, done } = await slice(Math.min(rows, rowsMax - deleted));
    deleted += pruned;
    if (done) return { deleted, done };
    const tookMs = Math.max(clock.monotonic() - startedAt, 0.1);
    const fitting = Math.round((rows * WRITE_MS) / tookMs);
    rows = Math.min(Math.max(fitting, Math.ceil(rows / 2), ROWS.min), rows * 2, sliceRowsMax);
    await clock.sleep(Math.min(tookMs * PAUSE.times, PAUSE.msMax), signal);
  }
  return { deleted, done: false };
}

/** A store that deletes by age and tells how many it deleted. */
interface Pruned {
  prune(options: { readonly olderThanMs: number; readonly limit: number }): Promise<number>;
}

/** One slice of a store of records: a slice that is not full was the last. */
export function recordSlice(store: Pruned, olderThanMs: number, limit: number) {
  return async () => {
    const pruned = await store.prune({ olderThanMs, limit });
    return { pruned, done: pruned < limit };
  };
}
