import { cp, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { HoldfastError } from '../../../core/index.js';
import { isBusy } from '../../classify-error.js';
import { Aside } from '../aside/aside.js';
import { syncPath } from './sync-path.js';

/** Whoever has it open has it open for long. */
const OPEN_MS = 1_000;
const SIDECARS = ['-wal', '-shm', '-journal'] as const;

/**
 * Whether nobody has the file open. Carries the WAL into it, so that the file is all there is.
 * @throws HoldfastError `database-busy` while somebody has it open
 */
export async function assertUnused(path: string): Promise<void> {
  if (!(await exists(path))) return;
  const aside = new Aside('restore');
  try {
    await aside.open({ path: resolve(path), writable: true }, OPEN_MS);
    // SQLite allows this to the only connection alone, here and in every other process.
    await aside.exec('PRAGMA journal_mode=DELETE', OPEN_MS);
    await aside.exec('BEGIN EXCLUSIVE; ROLLBACK', OPEN_MS);
    await aside.close();
  } catch (error) {
    if (isBusy(error)) {
      const message = `${path} is in use: stop what has it open, the service above all`;
      throw new HoldfastError('database-busy', message, { cause: error, retryable: true });
    }
    // What cannot be read is put aside as it is.
    const { code } = error as { readonly code?: string };
    if (code !== 'database-corrupt') throw error;
  } finally {
    await aside.end();
  }
}

/**
 * Puts a copy in the place of a file that nobody has open. What was there stays beside it,
 * under its name and `suffix`.
 * @returns where what was there is now; null when there was nothing
 */
export async function putBack(copy: string, path: string, suffix: string): Promise<string | null> {
  const target = resolve(path);
  await mkdir(dirname(target), { recursive: true });
  const draft = `${target}.restoring`;
  try {
    await cp(copy, draft);
    await syncPath(draft);
    const kept = (await exists(target)) ? `${target}${suffix}` : null;
    if (kept !== null) {
      // The WAL belongs to the old file: left behind, it would be read as the new one's.
      for (const sidecar of SIDECARS) {
        if (await exists(`${target}${sidecar}`))
          await rename(`${target}${sidecar}`, `${kept}${sidecar}`);
      }
      await rename(target, kept);
    }
    await rename(draft, target);
    await syncPath(dirname(target));
    return kept;
  } finally {
    await rm(draft, { force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
