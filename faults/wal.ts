import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A checkpoint begins at this size, and the WAL is cut to it, in bytes. */
export const WAL_BYTES_MAX = 16_777_216;
/** Writes go on until a checkpoint has its turn. */
export const WAL_BYTES_BOUND = 2 * WAL_BYTES_MAX;
const BROUGHT_IN_MS_MAX = 180_000;

/** Of the database file at `path`. Only `stat` is safe on a live file. */
export function walBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

/** Waits until the WAL is within `bytesMax`, `write` going on; answers how long it took, and undefined when it is not in time. */
export async function broughtIn(
  path: string,
  bytesMax: number,
  write: () => Promise<unknown> = () => sleep(100),
): Promise<number | undefined> {
  const startedAt = performance.now();
  while (walBytes(path) > bytesMax) {
    if (performance.now() - startedAt > BROUGHT_IN_MS_MAX) return undefined;
    await write();
  }
  return performance.now() - startedAt;
}
