import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import { promiseMigrations } from '../../src/promises/index.js';
import { recordMigrations } from '../../src/records/index.js';
import { startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';

/** Where the two databases of one test live. */
export interface Place {
  readonly queueUrl: string;
  readonly systemUrl: string;
  /** Takes a server away, without a goodbye; on files there is none. */
  readonly killServer: (name: 'queue' | 'system') => Promise<void>;
  readonly adminUrls?: { readonly queue: string; readonly system: string };
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
  const place = kind === 'files' ? makeFiles() : await startServers();
  const { queue, system } = await openPair(place);
  await migrate(queue, promiseMigrations);
  await migrate(system, recordMigrations);
  return place;
}

export async function openPair(place: Place, admin?: Place['adminUrls']): Promise<Pair> {
  const open = (name: 'queue' | 'system', url: string) =>
    openDatabase({ name, url, profile: name, adminUrl: admin?.[name] });
  const queue = await open('queue', place.queueUrl);
  const system = await open('system', place.systemUrl);
  onTestFinished(async () => {
    await Promise.all([queue.close(), system.close()]);
  });
  return { queue, system };
}

function makeFiles(): Place {
  const directory = tempDir();
  return {
    queueUrl: `file:${join(directory, 'queue.db')}`,
    systemUrl: `file:${join(directory, 'system.db')}`,
    killServer: () => Promise.reject(new Error('files have no server')),
  };
}

async function startServers(): Promise<Place> {
  // One after the other: two that look for free ports at once may find the same.
  const servers = { queue: await startSqld(), system: await startSqld() };
  // Its data is thrown away, and a server that stops by itself may take 30 s over it.
  onTestFinished(async () => {
    await Promise.all([servers.queue.stop('SIGKILL'), servers.system.stop('SIGKILL')]);
  });
  return {
    queueUrl: servers.queue.url,
    systemUrl: servers.system.url,
    killServer: (name) => servers[name].stop('SIGKILL'),
    adminUrls: { queue: servers.queue.adminUrl, system: servers.system.adminUrl },
  };
}
