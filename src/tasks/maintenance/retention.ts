/** What retention did in one run. `done` false: more is old enough, and the next run goes on. */
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
