import type { Edge } from './env.js';

export { backupsOf } from './backup/backups.js';
export { makeDataDirectories } from './data-directory.js';

export const EDGE: Edge = 'node';

export function environmentOf(): Readonly<Record<string, unknown>> {
  return process.env;
}
