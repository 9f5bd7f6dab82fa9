import { Aside } from '../aside/aside.js';
import { syncPath } from './sync-path.js';

export interface CopyOptions {
  /** Longest copying, in milliseconds. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** How long opening a file may wait for those who hold it. */
const OPEN_MS = 30_000;

/**
 * Copies a file as it is at one moment, while others read and write it, from a process of
 * its own (F14). `target` must not exist.
 */
export async function copyFile(
  path: string,
  target: string,
  { deadlineMs, signal }: CopyOptions,
): Promise<void> {
  const aside = new Aside('backup');
  try {
    await aside.open({ path }, OPEN_MS);
    await aside.exec(`VACUUM INTO '${target.replaceAll("'", "''")}'`, deadlineMs, signal);
  } finally {
    await aside.end();
  }
  await syncPath(target);
}
