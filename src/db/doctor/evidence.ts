import type { Migration } from '../migrate.js';
import type { Profile, SettingsFound } from '../settings.js';

/** A schema that a database may have, known by the names of its migrations. */
export interface KnownSchema {
  /** Whose settings it is opened with. */
  readonly profile: Profile;
  readonly migrations: readonly Migration[];
}

/** A process that holds a lock on the database file. */
export interface LockHolder {
  /** 0: it cannot be seen from here, as in another container. */
  readonly pid: number;
  /** Its command line, cut to 100 characters. */
  readonly command: string;
}

/** How the settings of a connection are read: as a default client has them, and as ours. */
export interface SettingsEvidence {
  readonly asDefault: SettingsFound;
  /** Null for a server, where they are the server's for everybody. */
  readonly asOurs: SettingsFound | null;
}

/** What was seen of the inside of a database, wherever it is. */
export interface InsideEvidence {
  readonly sqliteVersion: string | null;
  readonly settings: SettingsEvidence;
  readonly pageSizeBytes: number;
  readonly pages: number;
  readonly freePages: number;
  /** Null: not looked at. Empty: nothing is wrong. */
  readonly integrityErrors: readonly string[] | null;
  readonly schema: SchemaEvidence;
}

export interface SchemaEvidence {
  /** The profile of the known schema that it has; null when it has none. */
  readonly known: Profile | null;
  readonly version: number | null;
  readonly newestVersion: number | null;
  /** What the applied migrations make, and is not there. */
  readonly missing: readonly SchemaPart[];
  /** Foreign keys that no index of their own table begins with: `table (column)`. */
  readonly unindexedForeignKeys: readonly string[];
}

export interface SchemaPart {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
}

/** What was seen of a database file from outside. */
export interface FileEvidence {
  readonly fileBytes: number;
  readonly walBytes: number;
  /** Of a rollback journal that was left behind. */
  readonly journalBytes: number;
  readonly walMode: boolean;
  /** What this user may not write: the file, or its directory. */
  readonly unwritable: readonly ('file' | 'directory')[];
  /** Null: there is no WAL index. */
  readonly wal: { readonly frames: number; readonly checkpointedFrames: number } | null;
  /** Null: this system does not tell who holds locks. */
  readonly locks: {
    readonly writer: LockHolder | null;
    /** True: the same process had the lock at both looks. */
    readonly writerStayed: boolean;
    /** Those who read an old state at both looks. */
    readonly longReaders: readonly LockHolder[];
    /** Between the two looks. */
    readonly betweenMs: number;
  } | null;
}

/** All that was seen. A part that could not be seen is null, and `notLooked` says why. */
export interface Evidence {
  readonly topology: 'file' | 'remote';
  /** Why it could not be opened. */
  readonly unreachable: { readonly code: string; readonly message: string } | null;
  readonly file: FileEvidence | null;
  readonly inside: InsideEvidence | null;
  /** Of one small read from a server, in milliseconds. */
  readonly roundTripMs: number | null;
  readonly notLooked: readonly string[];
}

export interface InspectFileOptions {
  readonly path: string;
  readonly encryptionKey?: string | undefined;
  readonly schemas: readonly KnownSchema[];
  /** Whether the whole file is read to check it. */
  readonly integrity: boolean;
  /** Between the two looks at locks, in milliseconds. */
  readonly betweenMs: number;
  /** Longest single question, in milliseconds; the check of the whole file may take ten times as long. */
  readonly deadlineMs: number;
}
