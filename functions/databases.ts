import type { Log } from '../src/core/index.js';
import {
  type Database,
  type Migrated,
  migrate,
  openDatabase,
  type TelemetryRecorder,
} from '../src/db/index.js';
import { promiseMigrations } from '../src/promises/index.js';
import { recordMigrations } from '../src/records/index.js';
import type { Settings } from './env.js';

export interface Databases {
  readonly queue: Database;
  readonly system: Database;
}

/** The steps of their schemas. */
export const MIGRATIONS = { queue: promiseMigrations, system: recordMigrations } as const;

/**
 * Opens both databases as the settings say.
 * @param recorders where they count; default recorders of their own
 * @throws HoldfastError `setting-invalid`, or why a file cannot be opened
 */
export async function openDatabases(
  settings: Settings,
  log: Log,
  recorders: Recorders = {},
): Promise<Databases> {
  const queue = await open('queue', settings, log, recorders);
  try {
    return { queue, system: await open('system', settings, log, recorders) };
  } catch (error) {
    await queue.close();
    throw error;
  }
}

/**
 * The application's own database, for its outbox; undefined when none is set.
 * @throws HoldfastError `setting-invalid`, or why a file cannot be opened
 */
export async function openOutbox(settings: Settings, log: Log): Promise<Database | undefined> {
  const { OUTBOX_DATABASE_URL: url, OUTBOX_DATABASE_AUTH_TOKEN: authToken } = settings;
  if (url === undefined) return undefined;
  // The profile that changes nothing of a database that is not ours.
  return openDatabase({ name: 'outbox', profile: 'client', url, authToken, log });
}

/** Brings both to the newest schema; safe when several processes do. */
export async function migrateDatabases({
  queue,
  system,
}: Databases): Promise<{ readonly queue: Migrated; readonly system: Migrated }> {
  const [ofQueue, ofSystem] = await Promise.all([
    migrate(queue, MIGRATIONS.queue),
    migrate(system, MIGRATIONS.system),
  ]);
  return { queue: ofQueue, system: ofSystem };
}

type Recorders = Partial<Readonly<Record<keyof Databases, TelemetryRecorder>>>;

function open(
  name: keyof Databases,
  settings: Settings,
  log: Log,
  recorders: Recorders,
): Promise<Database> {
  const prefix = name === 'queue' ? 'QUEUE' : 'SYSTEM';
  return openDatabase({
    name,
    profile: name,
    url: settings[`${prefix}_DATABASE_URL`],
    authToken: settings[`${prefix}_DATABASE_AUTH_TOKEN`],
    syncUrl: settings[`${prefix}_DATABASE_SYNC_URL`],
    adminUrl: settings[`${prefix}_DATABASE_ADMIN_URL`],
    checkpoints: { enabled: settings.HOLDFAST_CHECKPOINTS },
    settings: {
      synchronous: settings[`${prefix}_DATABASE_SYNCHRONOUS`],
      journalMode: settings.HOLDFAST_JOURNAL_MODE,
      busyDeadlineMs: settings.HOLDFAST_BUSY_DEADLINE,
      ...(settings.HOLDFAST_MMAP ? {} : { mmapBytes: 0 }),
    },
    log,
    recorder: recorders[name],
  });
}
