import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError, systemClock } from '../../src/core/index.js';
import {
  assertUnused,
  checkCopy,
  localPath,
  putBack,
  putOnServer,
  topologyOf,
} from '../../src/db/index.js';
import { MIGRATIONS } from '../databases.js';
import type { Settings } from '../env.js';
import { DATABASES, type DatabaseName, type Manifest, readManifest, sha256Of } from './manifest.js';
import { nameOf } from './names.js';

const CHECK_MS_MAX = 3_600_000;
const NEWEST = {
  queue: MIGRATIONS.queue.at(-1)?.version ?? 0,
  system: MIGRATIONS.system.at(-1)?.version ?? 0,
};

/** What became of one database. `kept`: where what was there before is now. */
export interface Restored {
  readonly name: DatabaseName;
  readonly target: string;
  readonly kept: string | null;
}

/**
 * Reads a backup to its last byte and compares it with its manifest.
 * @throws HoldfastError `backup-broken` naming the file and what is wrong
 */
export async function checkBackup(directory: string): Promise<Manifest> {
  const manifest = await readManifest(directory);
  for (const name of DATABASES) {
    const { file, bytes, sha256, schemaVersion } = manifest[name];
    const path = join(directory, file);
    const size = (await stat(path).catch(() => undefined))?.size;
    if (size !== bytes) throw broken(path, `has ${size ?? 'no'} bytes, not ${bytes}`);
    if ((await sha256Of(path)) !== sha256)
      throw broken(path, 'is not what was written: its SHA-256 differs');
    const checked = await checkCopy(path, CHECK_MS_MAX);
    if (checked.schemaVersion !== schemaVersion) {
      throw broken(path, `has schema ${checked.schemaVersion}, not ${schemaVersion}`);
    }
    if (schemaVersion > NEWEST[name]) {
      throw broken(
        path,
        `has schema ${schemaVersion}, and this code knows ${NEWEST[name]}: update it first`,
      );
    }
  }
  return manifest;
}

/**
 * Puts both databases back, after a check of the backup and of the places they go to.
 * @throws HoldfastError `backup-broken`; `database-busy` while somebody has a file open;
 *   `setting-invalid` when a server's database is not empty
 */
export async function restoreBackup(directory: string, settings: Settings): Promise<Restored[]> {
  await checkBackup(directory);
  const places = { queue: placeOf('queue', settings), system: placeOf('system', settings) };
  for (const name of DATABASES) {
    const { url } = places[name];
    if (topologyOf(url) === 'file') await assertUnused(localPath(url));
  }
  const suffix = `.before-${nameOf(systemClock.now())}`;
  const restored: Restored[] = [];
  for (const name of DATABASES) {
    const copy = join(directory, `${name}.db`);
    const { url, authToken } = places[name];
    if (topologyOf(url) === 'file') {
      const target = localPath(url);
      restored.push({ name, target, kept: await putBack(copy, target, suffix) });
    } else {
      await putOnServer(copy, { name, url, authToken });
      restored.push({ name, target: new URL(url).host, kept: null });
    }
  }
  return restored;
}

function placeOf(name: DatabaseName, settings: Settings) {
  const prefix = name === 'queue' ? 'QUEUE' : 'SYSTEM';
  const syncUrl = settings[`${prefix}_DATABASE_SYNC_URL`];
  if (syncUrl !== undefined) {
    const message = `${prefix}_DATABASE_SYNC_URL: must not be set for a restore: restore to its server, then delete the replica's file`;
    throw new HoldfastError('setting-invalid', message);
  }
  return {
    url: settings[`${prefix}_DATABASE_URL`],
    authToken: settings[`${prefix}_DATABASE_AUTH_TOKEN`],
  };
}

function broken(path: string, why: string): HoldfastError {
  return new HoldfastError('backup-broken', `${path} ${why}`);
}
