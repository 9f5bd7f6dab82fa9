import { HoldfastError } from '../../core/index.js';
import { type DatabaseSettings, hasWalResetBug, type SettingsFound } from '../settings.js';
import { Connection, type ConnectionTarget } from './connection.js';

const SYNCHRONOUS = ['off', 'normal', 'full', 'extra'] as const;
const TEMP_STORE = ['default', 'file', 'memory'] as const;
const AUTO_VACUUM = ['none', 'full', 'incremental'] as const;

export type Role = 'writer' | 'reader' | 'only';

/**
 * Opens a connection, sets it up and reads every setting back (F2). The native
 * binding opens with the defaults of SQLite, which are never good enough (F1).
 * @throws what the binding throws; BUSY when another process changes the journal mode right now
 */
export function openConnection(
  target: ConnectionTarget,
  settings: DatabaseSettings,
  role: Role,
): Connection {
  const connection = new Connection(target);
  try {
    const version = String(connection.value('SELECT sqlite_version()'));
    const inForce = effectiveSettings(settings, version);
    if (role === 'writer' && isEmpty(connection)) {
      // It is fixed by the first page, which the change to WAL writes. Asked of a file that has pages
      // it takes the write lock and writes: whoever opens would wait for all who write.
      connection.exec(`PRAGMA auto_vacuum=${inForce.autoVacuum}`);
    }
    for (const pragma of pragmas(inForce, role)) connection.exec(`PRAGMA ${pragma}`);
    assertInForce(inForce, readSettings(connection, settings.busyDeadlineMs), role);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** What is asked of SQLite: the wish, less what its version makes dangerous (F9). */
function effectiveSettings(settings: DatabaseSettings, sqliteVersion: string): DatabaseSettings {
  return hasWalResetBug(sqliteVersion) ? { ...settings, mmapBytes: 0 } : settings;
}

/** What a reader of ours sets on its connection. */
export function readerPragmas(settings: DatabaseSettings, sqliteVersion: string): string[] {
  return pragmas(effectiveSettings(settings, sqliteVersion), 'reader');
}

/** Nobody has written a page, or what a killed process wrote of the first one is rolled back. */
function isEmpty(connection: Connection): boolean {
  return Number(connection.value('PRAGMA page_count')) === 0;
}

function pragmas(settings: DatabaseSettings, role: Role): string[] {
  const shared = [
    `synchronous=${settings.synchronous}`,
    `cache_size=-${settings.cacheSizeKib}`,
    `temp_store=${settings.tempStore}`,
    `foreign_keys=${settings.foreignKeys ? 'on' : 'off'}`,
    `mmap_size=${settings.mmapBytes}`,
    `wal_autocheckpoint=${settings.walAutocheckpointPages}`,
    `journal_size_limit=${settings.journalSizeLimitBytes}`,
  ];
  if (role === 'reader') return [...shared, 'query_only=on'];
  if (role === 'only') return shared;
  return [`journal_mode=${settings.journalMode}`, ...shared];
}

/** The settings that this connection really has. */
export function readSettings(connection: Connection, busyDeadlineMs: number): SettingsFound {
  const number = (name: string) => Number(connection.value(`PRAGMA ${name}`) ?? 0);
  const journalMode = String(connection.value('PRAGMA journal_mode'));
  const cacheSize = number('cache_size');
  return {
    journalMode: journalMode === 'wal' || journalMode === 'delete' ? journalMode : null,
    synchronous: SYNCHRONOUS[number('synchronous')] ?? null,
    busyDeadlineMs,
    cacheSizeKib: cacheSize < 0 ? -cacheSize : Math.round((cacheSize * number('page_size')) / 1024),
    tempStore: TEMP_STORE[number('temp_store')] ?? null,
    foreignKeys: number('foreign_keys') === 1,
    mmapBytes: number('mmap_size'),
    journalSizeLimitBytes: number('journal_size_limit'),
    walAutocheckpointPages: number('wal_autocheckpoint'),
    autoVacuum: AUTO_VACUUM[number('auto_vacuum')] ?? null,
  };
}

/** `auto_vacuum` belongs to the file, and memory has no journal mode of this kind. */
function assertInForce(wanted: DatabaseSettings, found: SettingsFound, role: Role): void {
  for (const name of Object.keys(wanted) as (keyof DatabaseSettings)[]) {
    if (name === 'autoVacuum' || (role === 'only' && name !== 'foreignKeys')) continue;
    if (found[name] === wanted[name]) continue;
    throw new HoldfastError(
      'database-unavailable',
      `the setting ${name} must be ${wanted[name]}, but SQLite says ${found[name]}`,
      { details: { setting: name, wanted: wanted[name], found: found[name] } },
    );
  }
}
