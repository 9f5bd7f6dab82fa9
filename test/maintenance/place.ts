import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import { promiseMigrations } from '../../src/promises/index.js';
import { recordMigrations } from '../../src/records/index.js';
import { startSqld } from '../support/sqld.js';

/** Where the two databases of one test live. */
export interface Place {
  readonly queueUrl: string;
  readonly systemUrl: string;
}

/** Both databases over connections of one's own, as another process has them. */
export interface Pair {
  readonly queue: Database;
  readonly system: Database;
}

export const PLACES = ['files', 'servers'] as const;
export type PlaceKind = (typeof PLACES)[number];

/** Two empty, migrated databases: files in a directory of their own, or two libsql-servers. */
export async function makePlace(kind: PlaceKind): Promise<Place> {
  const place = kind === 'files' ? await makeFiles() : await startServers();
  const { queue, system } = await openPair(place);
  await migrate(queue, promiseMigrations);
  await migrate(system, recordMigrations);
  return place;
}

export async function openPair(place: Place): Promise<Pair> {
  const queue = await openDatabase({ name: 'queue', url: place.queueUrl, profile: 'queue' });
  const system = await openDatabase({ name: 'system', url: place.systemUrl, profile: 'system' });
  onTestFinished(async () => {
    await Promise.all([queue.close(), system.close()]);
  });
  return { queue, system };
}

async function makeFiles(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-maintenance-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return {
    queueUrl: `file:${join(directory, 'queue.db')}`,
    systemUrl: `file:${join(directory, 'system.db')}`,
  };
}

async function startServers(): Promise<Place> {
  const [queue, system] = await Promise.all([startSqld(), startSqld()]);
  onTestFinished(async () => {
    await Promise.all([queue.stop(), system.stop()]);
  });
  return { queueUrl: queue.url, systemUrl: system.url };
}
