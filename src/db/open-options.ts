import type { Clock, Log, Random } from '../core/index.js';
import type { DatabaseListener } from './database-event.js';
import type { AuthToken } from './remote/auth-token.js';
import type { Fetch } from './remote/request.js';
import { type DatabaseSettings, PROFILES, type Profile } from './settings.js';
import type { TelemetryRecorder } from './telemetry.js';

/** When the WAL is brought into the file without being asked (docs/databases.md). */
export interface CheckpointPolicy {
  /** False switches every checkpoint off: part of the rollback plan. Default true. */
  readonly enabled: boolean;
  /** A round starts by itself when the WAL is larger, in bytes. Default 16 MiB. */
  readonly walBytesMax: number;
  /** A round starts by itself this often, in milliseconds; 0 leaves it to the caller. */
  readonly everyMs: number;
}

export interface OpenOptions {
  /** Names the database in errors, logs and reports, for example `queue`. */
  readonly name: string;
  /** `file:…`, `:memory:`, `http:`, `https:`, `libsql:`, `ws:` or `wss:`. */
  readonly url: string;
  /** For a server: the token, or where to get one. Asked again, once, after a 401. */
  readonly authToken?: AuthToken | undefined;
  /** Makes a `file:` URL an embedded replica of this server. */
  readonly syncUrl?: string | undefined;
  /** How often a replica syncs by itself, in milliseconds; 0 is never. Default 60,000. */
  readonly syncEveryMs?: number | undefined;
  /** Admin API of a self-hosted server: lets `checkpoint()` work there. */
  readonly adminUrl?: string | undefined;
  /** Namespace that the admin API is asked about. Default `default`. */
  readonly namespace?: string | undefined;
  readonly profile: Profile;
  /** Departures from the profile, among them the rollback plan. */
  readonly settings?: Partial<DatabaseSettings> | undefined;
  readonly checkpoints?: Partial<CheckpointPolicy> | undefined;
  /** How long a transaction may go on while others wait, in milliseconds. Default 5,000. */
  readonly holdMsMax?: number | undefined;
  /** Longest single request to a server, in milliseconds (R4). Default 15,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** A write that takes longer is told as `slow-write`, in milliseconds. Default 1,000. */
  readonly slowWriteMs?: number | undefined;
  readonly encryptionKey?: string | undefined;
  readonly log?: Log | undefined;
  readonly onEvent?: DatabaseListener | undefined;
  /** Counts on where another database, of the same name, has counted. Default one of its own. */
  readonly recorder?: TelemetryRecorder | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** What sends requests; the global `fetch` unless given. */
  readonly fetch?: Fetch | undefined;
}

export const OPEN_DEFAULTS = {
  walBytesMax: 16_777_216,
  syncEveryMs: 60_000,
  holdMsMax: 5_000,
  requestTimeoutMs: 15_000,
  namespace: 'default',
} as const;

/** The profile with the caller's departures. Undefined fields depart from nothing. */
export function settingsOf(
  profile: Profile,
  departures: Partial<DatabaseSettings> = {},
): DatabaseSettings {
  const given = Object.entries(departures).filter(([, value]) => value !== undefined);
  return { ...PROFILES[profile], ...Object.fromEntries(given) };
}

export function checkpointsOf(
  policy: Partial<CheckpointPolicy> = {},
  everyMs = 0,
): CheckpointPolicy {
  return {
    enabled: policy.enabled ?? true,
    walBytesMax: policy.walBytesMax ?? OPEN_DEFAULTS.walBytesMax,
    everyMs: policy.everyMs ?? everyMs,
  };
}
