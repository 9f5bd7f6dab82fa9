import type { Backups } from '../src/tasks/index.js';
import type { Edge, Settings } from './env.js';

/** A Worker has no files. */
export async function makeDataDirectories(_settings: Settings): Promise<void> {}

export const EDGE: Edge = 'worker';

/** A Worker is given its environment with each request. */
export function environmentOf(): Readonly<Record<string, unknown>> {
  return {};
}

export function backupsOf(_settings: Settings): Backups | undefined {
  return undefined;
}
