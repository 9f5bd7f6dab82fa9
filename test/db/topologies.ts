import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type Database,
  type OpenOptions,
  openDatabase,
  type Topology,
} from '../../src/db/index.js';
import { startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';

export const TOPOLOGIES = ['file', 'memory', 'remote', 'replica'] as const;

/** Opens a fresh database for the test that is running; all of it is gone when the test has finished. */
export async function openFresh(
  topology: Topology,
  options: Partial<OpenOptions> = {},
): Promise<Database> {
  const database = await openDatabase({
    name: 'test',
    profile: 'queue',
    ...(await placeOf(topology)),
    ...options,
  });
  onTestFinished(() => database.close());
  return database;
}

async function placeOf(
  topology: Topology,
): Promise<Pick<OpenOptions, 'url' | 'syncUrl' | 'adminUrl'>> {
  if (topology === 'memory') return { url: ':memory:' };
  const file = `file:${join(tempDir(), 'test.db')}`;
  if (topology === 'file') return { url: file };
  const server = await startSqld();
  onTestFinished(() => server.stop());
  const { url, adminUrl } = server;
  return topology === 'remote' ? { url, adminUrl } : { url: file, syncUrl: url, adminUrl };
}
