import { type Database, databaseClock, NOW, type SqlClock } from '../db/index.js';
import { numberOf, textOf } from './row.js';
import { SETTLED, type SettledStatus } from './states.js';

/** A settled promise, as far as statistics need it. Instants are milliseconds since the epoch. */
export interface SettledFacts {
  readonly type: string;
  readonly status: SettledStatus;
  readonly settledAt: number;
  /** Null when it never began. */
  readonly startedAt: number | null;
  readonly runAt: number;
  readonly attempt: number;
  /** The code of its error; null when there was none. */
  readonly code: string | null;
  /** The beginning of the error's message. */
  readonly message: string | null;
}

export interface SettledSample {
  /** By the database's clock. */
  readonly now: number;
  /** Newest first within each status. */
  readonly promises: readonly SettledFacts[];
  /** True when there were more of a status than were read: the oldest are missing. */
  readonly isCut: boolean;
}

/** Promises read of each status. */
export const SETTLED_ROWS_MAX = 3_000;
const MESSAGE_LENGTH_MAX = 160;

const SELECT_NOW = `SELECT ${NOW} AS now`;

const ofStatus = (status: SettledStatus) => `
SELECT type, settled_at, started_at, run_at, attempt, error ->> 'code' AS code,
  substr(error ->> 'message', 1, ${MESSAGE_LENGTH_MAX}) AS message
FROM promises INDEXED BY promises_settled_by_age
WHERE status = '${status}' AND settled_at >= ${NOW} - ?2
ORDER BY settled_at DESC LIMIT ${SETTLED_ROWS_MAX}`;

/** What was settled in the last `periodMs`: one bounded read. */
export async function settledSample(
  database: Database,
  { periodMs, deadlineMs }: { readonly periodMs: number; readonly deadlineMs: number },
  clock: SqlClock = databaseClock,
): Promise<SettledSample> {
  const [time, ...lists] = await database.read(
    [
      { sql: SELECT_NOW, args: [clock()] },
      ...SETTLED.map((status) => ({ sql: ofStatus(status), args: [clock(), periodMs] })),
    ],
    { label: 'statistics.settled', deadlineMs },
  );
  return {
    now: numberOf(time?.rows[0] ?? {}, 'now'),
    promises: lists.flatMap(({ rows }, at) =>
      rows.map((row) => ({
        type: textOf(row, 'type'),
        status: SETTLED[at] as SettledStatus,
        settledAt: numberOf(row, 'settled_at'),
        startedAt: row.started_at === null ? null : numberOf(row, 'started_at'),
        runAt: numberOf(row, 'run_at'),
        attempt: numberOf(row, 'attempt'),
        code: row.code === null ? null : textOf(row, 'code'),
        message: row.message === null ? null : textOf(row, 'message'),
      })),
    ),
    isCut: lists.some(({ rows }) => rows.length === SETTLED_ROWS_MAX),
  };
}
