import { createHash } from 'node:crypto';
import type { Digest } from '../src/promises/index.js';
import type { Edge } from './env.js';

export { backupsOf } from './backup/backups.js';
export { makeDataDirectories } from './data-directory.js';

export const EDGE: Edge = 'node';

export function environmentOf(): Readonly<Record<string, unknown>> {
  return process.env;
}

export function sha256(): Digest {
  const hash = createHash('sha256');
  return { update: (text) => void hash.update(text), value: () => hash.digest('hex') };
}
