import { type Database, NOW, type SqlClock } from '../db/index.js';
import { ON_SETTLED } from './fragments.js';
import { CRASHES_MAX } from './limits.js';
import { type lastRows, type Operation, perform } from './operation.js';
import { mendOperation, SELECT_ORPHANED_LINES } from './recover-lines.js';
import { RECORD_RECOVERIES, type Recovered } from './recoveries.js';
import { numberOf, textOf } from './row.js';
import { moveStatements } from './scratch.js';

export interface RecoveryReport {
  /** Running promises whose lease was over: due again, or quarantined. */
  readonly stalled: number;
  readonly quarantined: number;
  /** Pending promises of lines that no claim would have looked in; the lines are mended. */
  readonly orphaned: number;
  readonly promises: readonly Recovered[];
  /** True when there was more than one slice holds: call again. */
  readonly more: boolean;
}

const SELECT_STALLED = `
SELECT p.id, p.fence, p.crashes, p.heartbeat_at, c.worker, ${NOW} AS now
FROM promises p INDEXED BY promises_leased_by_expiry
LEFT JOIN claims c ON c.token = p.claim
WHERE p.status = 'in_progress' AND p.lease_expires_at <= ${NOW}
ORDER BY p.lease_expires_at LIMIT ?2`;

/**
 * The fence, and the lease as it was when it was looked at (`?3`, the database's
 * time of that look): a heartbeat in between keeps the promise where it is.
 */
const STALLED = `
p.id = s.value ->> 'id' AND p.fence = s.value ->> 'fence' AND p.status = 'in_progress'
  AND p.lease_expires_at <= ?3`;

const NEXT_STATUS = `iif(p.crashes + 1 >= ${CRASHES_MAX}, 'failed', 'pending')`;

const LOST_WORKER = `json_object('code', 'lease-expired', 'message', 'the worker was lost: its lease ended without a settlement')`;
const QUARANTINED = `json_object('code', 'quarantined', 'message', 'lost ' || (p.crashes + 1) || ' workers')`;

/** The same for the log of events. */
const QUARANTINE_ERROR = JSON.stringify({
  code: 'quarantined',
  message: `lost ${CRASHES_MAX} workers`,
});

const CHOOSE = `
SELECT p.id, ${NEXT_STATUS} FROM json_each(?2) s CROSS JOIN promises p ON ${STALLED}`;

const RECORD_CRASHES = `
INSERT INTO failures (promise_id, fence, attempt, failed_at, error)
SELECT p.id, p.fence, p.attempt, ?1, ${LOST_WORKER}
FROM scratch s CROSS JOIN promises p ON p.id = s.id WHERE true
ON CONFLICT DO NOTHING`;

/** A crash gives its attempt back; too many of them quarantine. In a lane it keeps its place. */
const RECOVER = `
UPDATE promises AS p SET status = 'pending', error = ${LOST_WORKER}, run_at = ?1,
  crashes = p.crashes + 1, attempt = p.attempt - 1, fence = p.fence + 1, claim = NULL,
  lease_ms = NULL, lease_expires_at = NULL, outcome = NULL, outcome_fence = NULL
FROM scratch s WHERE p.id = s.id AND s.next = 'pending'`;

const QUARANTINE = `
UPDATE promises AS p SET status = 'failed', error = ${QUARANTINED}, settled_at = ?1,
  crashes = p.crashes + 1, attempt = p.attempt - 1, fence = p.fence + 1, claim = NULL,
  lease_ms = NULL, lease_expires_at = NULL, outcome = NULL, outcome_fence = NULL, ${ON_SETTLED}
FROM scratch s WHERE p.id = s.id AND s.next = 'failed'`;

const SELECT_RECOVERED = `
SELECT p.id, p.queue, p.type, p.status, p.run_at FROM scratch s CROSS JOIN promises p ON p.id = s.id`;

const NOTHING: RecoveryReport = {
  stalled: 0,
  quarantined: 0,
  orphaned: 0,
  promises: [],
  more: false,
};

/** One slice of recovery. Nothing to recover opens no write transaction. */
export async function recover(
  database: Database,
  clock: SqlClock,
  limit: number,
): Promise<RecoveryReport> {
  const [stalled, orphaned] = await database.read(
    [
      { sql: SELECT_STALLED, args: [clock(), limit] },
      { sql: SELECT_ORPHANED_LINES, args: [clock()] },
    ],
    { label: 'promises.recover' },
  );
  const rows = stalled?.rows ?? [];
  const lines = orphaned?.rows ?? [];
  if (rows.length === 0 && lines.length === 0) return NOTHING;
  const [promises, mended] = await perform(database, 'promises.recover', [
    rows.length > 0 ? recoverOperation(rows) : { statements: [], read: () => [] },
    mendOperation(lines),
  ]);
  return {
    stalled: promises.length,
    quarantined: promises.filter((one) => one.decision === 'quarantine').length,
    orphaned: mended.orphaned,
    promises: [...promises, ...mended.promises],
    more: rows.length >= limit,
  };
}

type Rows = ReturnType<typeof lastRows>;

function recoverOperation(rows: Rows): Operation<Recovered[]> {
  const now = numberOf(rows[0] ?? {}, 'now');
  const held = JSON.stringify(rows.map(({ id, fence }) => ({ id, fence })));
  const seen = new Map(rows.map((row) => [row.id, row]));
  const moves = [RECORD_CRASHES, RECOVER, QUARANTINE].map((sql) => ({ sql, args: [now] }));
  const known = rows.map((row) => ({
    id: row.id,
    worker: row.worker,
    heartbeatAt: row.heartbeat_at,
  }));
  const report = { sql: RECORD_RECOVERIES, args: [now, JSON.stringify(known)] };
  const apply = [...moves, report, { sql: SELECT_RECOVERED }];
  const event = { kind: 'recovered', error: QUARANTINE_ERROR, clock: () => now } as const;
  return {
    statements: moveStatements({ choose: CHOOSE, args: [null, held, now], event, apply }),
    // The set is emptied after it has been read.
    read: (results) =>
      (results.at(-2)?.rows ?? []).map((row) => {
        const before = seen.get(row.id ?? null);
        const again = row.status === 'pending';
        return {
          id: textOf(row, 'id'),
          queue: textOf(row, 'queue'),
          type: textOf(row, 'type'),
          reason: typeof before?.heartbeat_at === 'number' ? 'lease-expired' : 'claim-silent',
          decision: again ? 'run-again' : 'quarantine',
          worker: typeof before?.worker === 'string' ? before.worker : null,
          lastHeartbeatAt: typeof before?.heartbeat_at === 'number' ? before.heartbeat_at : null,
          nextRunAt: again ? numberOf(row, 'run_at') : null,
        };
      }),
  };
}
