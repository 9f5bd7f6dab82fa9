import { InputInvalidError } from '../core/index.js';
import type { Database, Migration, Row } from '../db/index.js';
import { numberOf, textOf } from './row.js';
import { sqlList } from './states.js';

/**
 * Why a promise was recovered. `lease-expired`: its worker was lost. `claim-silent`: the same,
 * and nothing was heard of the worker since its claim, so that the claim's answer may have been
 * lost. `never-woken`: it was due, in a line that no claim would have looked in, or in a lane that let nobody in.
 * `parents-settled`: it waited for promises that were settled already, or gone.
 */
export const RECOVERY_REASONS = [
  'lease-expired',
  'claim-silent',
  'never-woken',
  'parents-settled',
] as const;

/** What was decided: `wait` is for its lane; `fail` and `cancel` are what it said of its parents. */
export const RECOVERY_DECISIONS = ['run-again', 'quarantine', 'wait', 'fail', 'cancel'] as const;

export type RecoveryReason = (typeof RECOVERY_REASONS)[number];
export type RecoveryDecision = (typeof RECOVERY_DECISIONS)[number];

export function isOfLostWorker({ reason }: Pick<Recovered, 'reason'>): boolean {
  return reason === 'lease-expired' || reason === 'claim-silent';
}

/** What recovery decided about one promise. */
export interface Recovered {
  readonly id: string;
  readonly queue: string;
  readonly type: string;
  readonly reason: RecoveryReason;
  readonly decision: RecoveryDecision;
  readonly worker: string | null;
  readonly lastHeartbeatAt: number | null;
  /** Null when it will not run again by itself. */
  readonly nextRunAt: number | null;
}

/** What recovery found and decided, once for each time. */
export interface Recovery {
  readonly promiseId: string;
  readonly queue: string;
  readonly type: string;
  readonly reason: RecoveryReason;
  /** Who had it; null: nobody. */
  readonly worker: string | null;
  /** Null: it never sent one. */
  readonly lastHeartbeatAt: number | null;
  readonly decision: RecoveryDecision;
  /** Null when it will not run again by itself. */
  readonly nextRunAt: number | null;
  readonly recoveredAt: number;
}

export interface RecoveryPage {
  readonly recoveries: readonly Recovery[];
  readonly nextCursor: string | null;
}

/** One row a crash, kept as long as its promise. `fence` is the one that recovery gave. */
const RECOVERIES = `
CREATE TABLE recoveries (
  promise_id TEXT NOT NULL,
  fence INTEGER NOT NULL,
  queue TEXT NOT NULL,
  type TEXT NOT NULL,
  reason TEXT NOT NULL,
  worker TEXT,
  last_heartbeat_at INTEGER,
  decision TEXT NOT NULL CHECK (decision = 'run-again' OR decision = 'quarantine'),
  next_run_at INTEGER,
  recovered_at INTEGER NOT NULL,
  PRIMARY KEY (promise_id, fence)
) STRICT, WITHOUT ROWID`;

const RECOVERIES_INDEX = 'CREATE INDEX recoveries_by_time ON recoveries (recovered_at, promise_id)';

/** With the recoveries of orphans, whose fence stays: one promise may have several with the same. */
const RECOVERIES_OF_ALL = `
CREATE TABLE recoveries_of_all (
  promise_id TEXT NOT NULL,
  recovered_at INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  queue TEXT NOT NULL,
  type TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN (${sqlList(RECOVERY_REASONS)})),
  worker TEXT,
  last_heartbeat_at INTEGER,
  decision TEXT NOT NULL CHECK (decision IN (${sqlList(RECOVERY_DECISIONS)})),
  next_run_at INTEGER,
  PRIMARY KEY (promise_id, recovered_at, fence)
) STRICT, WITHOUT ROWID`;

const COPY = `
INSERT INTO recoveries_of_all (promise_id, recovered_at, fence, queue, type, reason, worker,
  last_heartbeat_at, decision, next_run_at)
SELECT promise_id, recovered_at, fence, queue, type, reason, worker, last_heartbeat_at, decision,
  next_run_at
FROM recoveries`;

export const recoveryMigrations: readonly Migration[] = [
  { version: 60, name: 'recoveries', statements: [RECOVERIES, RECOVERIES_INDEX] },
  {
    version: 64,
    name: 'recoveries of orphans',
    statements: [
      RECOVERIES_OF_ALL,
      COPY,
      'DROP TABLE recoveries',
      'ALTER TABLE recoveries_of_all RENAME TO recoveries',
      RECOVERIES_INDEX,
    ],
  },
];

/**
 * After the promises of `scratch` were recovered at `?1`: `?2` is [{id, worker, heartbeatAt}, …],
 * what was known of them before.
 */
export const RECORD_RECOVERIES = `
INSERT INTO recoveries (promise_id, fence, queue, type, reason, worker, last_heartbeat_at, decision,
  next_run_at, recovered_at)
SELECT p.id, p.fence, p.queue, p.type,
  iif(seen.value ->> 'heartbeatAt' IS NULL, 'claim-silent', 'lease-expired'), seen.value ->> 'worker',
  seen.value ->> 'heartbeatAt', iif(s.next = 'pending', 'run-again', 'quarantine'),
  iif(s.next = 'pending', p.run_at, NULL), ?1
FROM scratch s CROSS JOIN promises p ON p.id = s.id
LEFT JOIN json_each(?2) seen ON seen.value ->> 'id' = s.id
WHERE true ON CONFLICT DO NOTHING`;

/**
 * Reports promises `p` as never woken. Followed by FROM.
 * @param at the parameter that is the time of the look
 */
export const reportNeverWoken = (at: '?2' | '?3') => `
INSERT INTO recoveries (promise_id, fence, queue, type, reason, worker, last_heartbeat_at, decision,
  next_run_at, recovered_at)
SELECT p.id, p.fence, p.queue, p.type, 'never-woken', NULL, p.heartbeat_at, 'run-again', p.run_at, ${at}`;

/** A row of what is reported as `never-woken`. */
export function neverWokenOf(row: Row): Recovered {
  return {
    id: textOf(row, 'promise_id'),
    queue: textOf(row, 'queue'),
    type: textOf(row, 'type'),
    reason: 'never-woken',
    decision: 'run-again',
    worker: null,
    lastHeartbeatAt: null,
    nextRunAt: numberOf(row, 'next_run_at'),
  };
}

const SELECT_PAGE = `
SELECT * FROM recoveries INDEXED BY recoveries_by_time
WHERE ?1 IS NULL OR (recovered_at, promise_id) < (?1, ?2)
ORDER BY recovered_at DESC, promise_id DESC LIMIT ?3`;

const SELECT_OF_PROMISE =
  'SELECT * FROM recoveries WHERE promise_id = ?1 ORDER BY recovered_at DESC, fence DESC LIMIT 1000';

const CURSOR = /^(\d{1,15})~([0-9a-f-]{36})$/;

/**
 * What was recovered, newest first.
 * @throws InputInvalidError naming the cursor
 */
export async function recoveryPage(
  database: Database,
  ask: { readonly limit: number; readonly cursor?: string },
): Promise<RecoveryPage> {
  const match = ask.cursor === undefined ? null : CURSOR.exec(ask.cursor);
  if (ask.cursor !== undefined && match === null) {
    const rule = 'must be a nextCursor of this list';
    const received = JSON.stringify(ask.cursor.slice(0, 100));
    throw new InputInvalidError([{ path: 'cursor', rule, received }]);
  }
  const args = [match === null ? null : Number(match[1]), match?.[2] ?? null, ask.limit];
  const [found] = await database.read([{ sql: SELECT_PAGE, args }], { label: 'recoveries.list' });
  const recoveries = (found?.rows ?? []).map(recoveryOf);
  const last = recoveries.length === ask.limit ? recoveries.at(-1) : undefined;
  const nextCursor = last === undefined ? null : `${last.recoveredAt}~${last.promiseId}`;
  return { recoveries, nextCursor };
}

/** What was recovered of one promise, newest first. */
export async function recoveriesOf(database: Database, promiseId: string): Promise<Recovery[]> {
  const [found] = await database.read([{ sql: SELECT_OF_PROMISE, args: [promiseId] }], {
    label: 'recoveries.of-promise',
  });
  return (found?.rows ?? []).map(recoveryOf);
}

function recoveryOf(row: Row): Recovery {
  const maybe = (column: string) => (row[column] === null ? null : numberOf(row, column));
  return {
    promiseId: textOf(row, 'promise_id'),
    queue: textOf(row, 'queue'),
    type: textOf(row, 'type'),
    reason: textOf(row, 'reason') as RecoveryReason,
    worker: typeof row.worker === 'string' ? row.worker : null,
    lastHeartbeatAt: maybe('last_heartbeat_at'),
    decision: textOf(row, 'decision') as RecoveryDecision,
    nextRunAt: maybe('next_run_at'),
    recoveredAt: numberOf(row, 'recovered_at'),
  };
}
