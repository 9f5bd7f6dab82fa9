import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** `2030-01-31T09-00-00.000Z`: names that sort by time, and that every file system takes. */
const NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/;

export function nameOf(at: number): string {
  return new Date(at).toISOString().replaceAll(':', '-');
}

/** The backups in a directory, oldest first. Nothing else there is touched. */
export async function backupsIn(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => join(directory, name));
}
