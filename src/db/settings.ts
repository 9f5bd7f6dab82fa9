import type { Topology } from './topology.js';

export type JournalMode = 'wal' | 'delete';
export type Synchronous = 'off' | 'normal' | 'full' | 'extra';

/** How each connection of a file is set up. Every one can be turned back (docs/databases.md). */
export interface DatabaseSettings {
  /** Default `wal`. `delete` is the rollback plan. */
  readonly journalMode: JournalMode;
  /** `full` makes every commit safe against a power cut (F16); `normal` loses what is in the WAL. */
  readonly synchronous: Synchronous;
  /** Longest wait for the write lock, in milliseconds. Default 30,000. Waited for by us: the native timeout is 0 (F3). */
  readonly busyDeadlineMs: number;
  /** Page cache of each connection, in KiB. */
  readonly cacheSizeKib: number;
  /** Where temporary tables and indexes live. Default `memory`. */
  readonly tempStore: 'default' | 'file' | 'memory';
  readonly foreignKeys: boolean;
  /** Memory-mapped bytes wanted. Held at 0 while the bundled SQLite has the WAL-reset bug (F9). */
  readonly mmapBytes: number;
  /** Bytes that the `-wal` file is cut back to when it starts anew. Default 16 MiB. */
  readonly journalSizeLimitBytes: number;
  /** SQLite's own checkpoints, in pages. 0, since ours hold the write lock (F9). */
  readonly walAutocheckpointPages: number;
  /** Set before the first table of a new file; an existing file keeps what it has. */
  readonly autoVacuum: 'none' | 'full' | 'incremental';
}

/**
 * `queue`: every acknowledged commit survives a power cut. `system`: history,
 * with a larger cache and cheaper commits. `client`: the drop-in, which changes
 * nothing but locking.
 */
export type Profile = 'queue' | 'system' | 'client';

const MIB = 1_048_576;

const COMMON = {
  journalMode: 'wal',
  busyDeadlineMs: 30_000,
  tempStore: 'memory',
  foreignKeys: true,
  mmapBytes: 256 * MIB,
  // As large as the bound at which a round starts: a commit into a file that need not grow has a cheaper fsync.
  journalSizeLimitBytes: 16 * MIB,
  walAutocheckpointPages: 0,
  autoVacuum: 'incremental',
} as const;

export const PROFILES = {
  queue: { ...COMMON, synchronous: 'full', cacheSizeKib: 32_768 },
  system: { ...COMMON, synchronous: 'normal', cacheSizeKib: 65_536 },
  client: {
    ...COMMON,
    synchronous: 'full',
    cacheSizeKib: 16_384,
    mmapBytes: 0,
    autoVacuum: 'none',
  },
} as const satisfies Record<Profile, DatabaseSettings>;

/** What one topology can and cannot do. */
export interface Capabilities {
  /** `applied`: by us, on every connection. `managed`: the server decides; we can only read. */
  readonly settings: 'applied' | 'managed';
  /** `local`: by us under the write lock. `admin-api`: asked of the server. `managed`, `none`: not ours to do. */
  readonly checkpoint: 'local' | 'admin-api' | 'managed' | 'none';
  /** `sync()` does something. */
  readonly sync: boolean;
  /** `onForeignCommit` ever calls. */
  readonly foreignCommits: boolean;
  /** Reads go on while a write transaction is open. */
  readonly readsBesideWrites: boolean;
  /** Reads may be older than the last commit. */
  readonly staleReads: boolean;
  /** A transaction that others wait for is ended by the server after this many milliseconds. */
  readonly serverTransactionMsMax: number | null;
  /** Other processes can open the same database. */
  readonly shared: boolean;
}

/** The settings as read back. Null: the server does not tell. */
export type SettingsFound = { readonly [K in keyof DatabaseSettings]: DatabaseSettings[K] | null };

export interface Deviation {
  readonly setting: keyof DatabaseSettings;
  readonly wanted: string | number | boolean;
  readonly found: string | number | boolean | null;
  /** Why it is as it is, where that is known. */
  readonly why: string;
  /** False for what is held back on purpose or managed by a server. */
  readonly fault: boolean;
}

/** What the settings of a database really are now, next to what is wanted. */
export interface Verification {
  /** False when a setting that we apply is not in force. */
  readonly ok: boolean;
  readonly managedBy: 'holdfast' | 'server';
  readonly settings: SettingsFound;
  readonly wanted: DatabaseSettings;
  readonly deviations: readonly Deviation[];
  readonly sqliteVersion: string | null;
  /** Size of the `-wal` file; null where there is none to see. */
  readonly walBytes: number | null;
}

/** SQLite 3.7.0 to 3.51.2 can corrupt a WAL database that is memory-mapped (F9). */
export function hasWalResetBug(sqliteVersion: string): boolean {
  const [major = 0, minor = 0, patch = 0] = sqliteVersion.split('.').map(Number);
  if (major !== 3) return major < 3;
  return minor < 51 || (minor === 51 && patch < 3);
}

const MMAP_HELD = 'held at 0 while SQLite has the WAL-reset bug (before 3.51.3)';

/** Compares what was read back with what is wanted. */
export function compareSettings(
  topology: Topology,
  wanted: DatabaseSettings,
  found: SettingsFound,
  sqliteVersion: string | null,
): Deviation[] {
  const managed = topology === 'remote' || topology === 'replica';
  const names = Object.keys(wanted) as (keyof DatabaseSettings)[];
  return names
    .filter((setting) => found[setting] !== wanted[setting])
    .map((setting) => {
      const { why, fault } = explain(setting, topology, managed, sqliteVersion);
      return { setting, wanted: wanted[setting], found: found[setting], why, fault };
    });
}

function explain(
  setting: keyof DatabaseSettings,
  topology: Topology,
  managed: boolean,
  sqliteVersion: string | null,
): { why: string; fault: boolean } {
  if (managed) return { why: 'managed by the server', fault: false };
  if (topology === 'memory') return { why: 'does not apply to memory', fault: false };
  if (setting === 'mmapBytes' && sqliteVersion !== null && hasWalResetBug(sqliteVersion)) {
    return { why: MMAP_HELD, fault: false };
  }
  if (setting === 'autoVacuum') return { why: 'fixed when the file was made', fault: false };
  return { why: 'not in force', fault: true };
}
