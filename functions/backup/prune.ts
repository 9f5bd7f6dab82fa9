import { rm } from 'node:fs/promises';
import { backupsIn } from './names.js';

/** Deletes all backups but the newest `keep`; returns how many. */
export async function pruneBackups(directory: string, keep: number): Promise<number> {
  const paths = await backupsIn(directory);
  const old = paths.slice(0, Math.max(0, paths.length - keep));
  for (const path of old) await rm(path, { recursive: true, force: true });
  return old.length;
}
