import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { systemClock } from '../../src/core/index.js';
import { checkCopy, copyDatabase } from '../../src/db/index.js';
import type { Settings } from '../env.js';
import { VERSION } from '../version.js';
import { DATABASES, type DatabaseName, MANIFEST, type Manifest, sha256Of } from './manifest.js';
import { nameOf } from './names.js';

/** A backup that was taken. */
export interface Backup {
  /** The directory that holds it. */
  readonly path: string;
  readonly manifest: Manifest;
}

/** Copying one database takes no longer. */
const COPY_MS_MAX = 3_600_000;

/**
 * Copies both databases, while they are in use, into a new directory in `directory`,
 * and reads the copies to check them. It appears under its name when it is whole.
 * @throws HoldfastError `database-…` naming the database
 */
export async function takeBackup(
  settings: Settings,
  directory: string,
  signal?: AbortSignal,
): Promise<Backup> {
  const name = nameOf(systemClock.now());
  const path = join(resolve(directory), name);
  const draft = `${path}.part`;
  await mkdir(draft, { recursive: true });
  try {
    // The queue first: what it tells the records afterwards may be missing there, never the other way round.
    const queue = await copyOf('queue', settings, draft, signal);
    const system = await copyOf('system', settings, draft, signal);
    const manifest: Manifest = {
      format: 'holdfast-backup',
      version: 1,
      holdfast: VERSION,
      queue,
      system,
    };
    await writeFile(join(draft, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, {
      flush: true,
    });
    await rename(draft, path);
    return { path, manifest };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function copyOf(
  name: DatabaseName,
  settings: Settings,
  draft: string,
  signal: AbortSignal | undefined,
): Promise<Manifest[DatabaseName]> {
  const prefix = name === 'queue' ? 'QUEUE' : 'SYSTEM';
  const file = `${name}.db` as const;
  const path = join(draft, file);
  const takenAt = new Date(systemClock.now()).toISOString();
  await copyDatabase(
    {
      // A replica is behind: what its server has is backed up.
      url: settings[`${prefix}_DATABASE_SYNC_URL`] ?? settings[`${prefix}_DATABASE_URL`],
      authToken: settings[`${prefix}_DATABASE_AUTH_TOKEN`],
    },
    path,
    { deadlineMs: COPY_MS_MAX, signal },
  );
  const { schemaVersion } = await checkCopy(path, COPY_MS_MAX);
  const { size: bytes } = await stat(path);
  return { file, bytes, sha256: await sha256Of(path), schemaVersion, takenAt };
}

/** What a backup holds, in one line. */
export function summaryOf({ manifest }: Backup): string {
  return DATABASES.map((name) => {
    const { bytes, schemaVersion } = manifest[name];
    return `${name} ${bytes} bytes, schema ${schemaVersion}`;
  }).join('; ');
}
