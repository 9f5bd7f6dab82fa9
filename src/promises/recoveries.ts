import { InputInvalidError } from '../core/index.js';
import type { Database, Migration, Row } from '../db/index.js';
import { numberOf, textOf } from './row.js';

/** What recovery found and decided, once for each time that a promise lost its worker. */
export interface Recovery {
  readonly promiseId: string;
  readonly queue: string;
  readonly type: string;
  /** Why: its lease was over. */
  readonly reason: 'lease-expired';
  /** Who had it. */
  readonly worker: string | null;
  /** Null: it never sent one. */
  readonly lastHeartbeatAt: number | null;
  readonly decision: 'run-again' | 'quarantine';
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

export const recoveryMigrations: readonly Migration[] = [
  { version: 60, name: 'recoveries', statements: [RECOVERIES, RECOVERIES_INDEX] },
];

/**
 * After the promises of `scratch` were recovered at `?1`: `?2` is [{id, worker, heartbeatAt}, …],
 * what was known of them before.
 */
export const RECORD_RECOVERIES = `
INSERT INTO recoveries (promise_id, fence, queue, type, reason, worker, last_heartbeat_at, decision,
  next_run_at, recovered_at)
SELECT p.id, p.fence, p.queue, p.type, 'lease-expired', seen.value ->> 'worker',
  seen.value ->> 'heartbeatAt', iif(s.next = 'pending', 'run-again', 'quarantine'),
  iif(s.next = 'pending', p.run_at, NULL), ?1
FROM scratch s CROSS JOIN promises p ON p.id = s.id
LEFT JOIN json_each(?2) seen ON seen.value ->> 'id' = s.id
WHERE true ON CONFLICT DO NOTHING`;

const SELECT_PAGE = `
SELECT * FROM recoveries INDEXED BY recoveries_by_time
WHERE ?1 IS NULL OR (recovered_at, promise_id) < (?1, ?2)
ORDER BY recovered_at DESC, promise_id DESC LIMIT ?3`;

const SELECT_OF_PROMISE =
  'SELECT * FROM recoveries WHERE promise_id = ?1 ORDER BY fence DESC LIMIT 1000';

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
    reason: 'lease-expired',
    worker: typeof row.worker === 'string' ? row.worker : null,
    lastHeartbeatAt: maybe('last_heartbeat_at'),
    decision: textOf(row, 'decision') as Recovery['decision'],
    nextRunAt: maybe('next_run_at'),
    recoveredAt: numberOf(row, 'recovered_at'),
  };
}
