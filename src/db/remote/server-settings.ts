import type { SettingsFound } from '../settings.js';
import type { ResultSet, Statement } from '../statement.js';

const PRAGMAS = [
  'journal_mode',
  'synchronous',
  'cache_size',
  'temp_store',
  'foreign_keys',
  'mmap_size',
  'journal_size_limit',
  'wal_autocheckpoint',
  'auto_vacuum',
] as const;

const SYNCHRONOUS = ['off', 'normal', 'full', 'extra'] as const;
const TEMP_STORE = ['default', 'file', 'memory'] as const;
const AUTO_VACUUM = ['none', 'full', 'incremental'] as const;

/** Reading a setting works where changing it is refused (R1). */
export const SETTINGS_QUERIES: readonly Statement[] = [
  { sql: 'SELECT sqlite_version()' },
  ...PRAGMAS.map((name) => ({ sql: `PRAGMA ${name}` })),
];

/** The settings that the server says it has. The deadline is ours on every topology. */
export function readServerSettings(
  results: readonly ResultSet[],
  busyDeadlineMs: number,
): { found: SettingsFound; sqliteVersion: string | null } {
  const first = (at: number) => Object.values(results[at]?.rows[0] ?? {})[0] ?? null;
  const value = (name: (typeof PRAGMAS)[number]) => first(1 + PRAGMAS.indexOf(name));
  const number = (name: (typeof PRAGMAS)[number]) => {
    const read = value(name);
    return read === null ? null : Number(read);
  };
  const journalMode = value('journal_mode');
  const cacheSize = number('cache_size');
  const foreignKeys = number('foreign_keys');
  const version = first(0);
  return {
    sqliteVersion: version === null ? null : String(version),
    found: {
      journalMode: journalMode === 'wal' || journalMode === 'delete' ? journalMode : null,
      synchronous: SYNCHRONOUS[number('synchronous') ?? -1] ?? null,
      busyDeadlineMs,
      cacheSizeKib: cacheSize !== null && cacheSize < 0 ? -cacheSize : null,
      tempStore: TEMP_STORE[number('temp_store') ?? -1] ?? null,
      foreignKeys: foreignKeys === null ? null : foreignKeys === 1,
      mmapBytes: number('mmap_size'),
      journalSizeLimitBytes: number('journal_size_limit'),
      walAutocheckpointPages: number('wal_autocheckpoint'),
      autoVacuum: AUTO_VACUUM[number('auto_vacuum') ?? -1] ?? null,
    },
  };
}
