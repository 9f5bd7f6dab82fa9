import { z } from 'zod';
import { backoff, duration, json } from '../core/index.js';
import { NOW, type SqlClock, type Statement } from '../db/index.js';
import { changedEvent } from './events.js';
import { LIMITS } from './limits.js';
import { lastRows, type Operation } from './operation.js';
import { instant, metadata } from './promise.js';
import type { Status } from './states.js';

/** What may be changed about a promise that is not running: one that waits, or a dead letter. */
export const promiseChange = z
  .strictObject({
    payload: json.optional(),
    priority: z.int().min(1).max(10).optional(),
    /** From now. Not with `runAt`. */
    delay: duration.optional(),
    runAt: instant.optional(),
    maxAttempts: z.int().min(1).max(1_000).optional(),
    backoff: backoff.optional(),
    timeout: duration.refine((ms) => ms >= 1, { error: 'must be at least 1 ms' }).optional(),
    expiresAt: instant.nullable().optional(),
    metadata: metadata.optional(),
  })
  .refine((value) => Object.values(value).some((field) => field !== undefined), {
    error: 'must change something',
  })
  .refine((value) => value.delay === undefined || value.runAt === undefined, {
    path: ['runAt'],
    message: 'cannot be given together with delay',
  });

export type PromiseChange = z.output<typeof promiseChange>;

export type ChangeOutcome = 'changed' | 'not-found' | 'promise-running' | 'promise-settled';

/** Dead letters are changed to be run again; what was kept or given up stays as it was. */
const CHANGEABLE = "status IN ('waiting', 'pending', 'failed')";

/** `?2` is the id, `?3` a JSON object of columns. A column that is not in it stays. */
const CHANGE = `
UPDATE promises SET
  priority = coalesce(?3 ->> 'priority', priority),
  run_at = coalesce(?3 ->> 'runAt', ${NOW} + (?3 ->> 'delay'), run_at),
  max_attempts = coalesce(?3 ->> 'maxAttempts', max_attempts),
  backoff = coalesce(?3 ->> 'backoff', backoff),
  timeout_ms = coalesce(?3 ->> 'timeoutMs', timeout_ms),
  metadata = coalesce(?3 ->> 'metadata', metadata),
  expires_at = iif(json_type(?3, '$.expiresAt') IS NULL, expires_at, ?3 ->> 'expiresAt'),
  payload = iif(?3 ->> 'payload' IS NULL, payload,
    iif(length(?3 ->> 'payload') <= ${LIMITS.inlineLengthMax}, ?3 ->> 'payload', NULL)),
  payload_length = coalesce(length(?3 ->> 'payload'), payload_length)
WHERE id = ?2 AND ${CHANGEABLE}`;

const DROP_BODY = `
DELETE FROM bodies WHERE promise_id = ?1 AND part = 'payload'
  AND EXISTS (SELECT 1 FROM promises WHERE id = ?1 AND ${CHANGEABLE})`;

const STORE_BODY = `
INSERT INTO bodies (promise_id, part, body)
SELECT id, 'payload', ?2 FROM promises WHERE id = ?1 AND ${CHANGEABLE}`;

/** Whoever waits in a lane may be due at another time now. */
const LOOK_AT_LANE = `
UPDATE lanes SET look_at = 0
WHERE (queue, lane) IN (SELECT queue, lane FROM promises WHERE id = ?1)`;

const SELECT_STATUS = 'SELECT status FROM promises WHERE id = ?1';

/** Changes a promise that is not running. */
export function changeOperation(
  id: string,
  change: PromiseChange,
  clock: SqlClock,
): Operation<ChangeOutcome> {
  const payload = change.payload === undefined ? null : JSON.stringify(change.payload);
  const columns = JSON.stringify({
    priority: change.priority,
    runAt: change.runAt,
    delay: change.delay,
    maxAttempts: change.maxAttempts,
    backoff: change.backoff === undefined ? undefined : JSON.stringify(change.backoff),
    timeoutMs: change.timeout,
    metadata: change.metadata === undefined ? undefined : JSON.stringify(change.metadata),
    expiresAt: change.expiresAt,
    payload: payload ?? undefined,
  });
  return {
    statements: [
      ...(payload === null ? [] : bodyStatements(id, payload)),
      { sql: CHANGE, args: [clock(), id, columns] },
      changedEvent(id, clock),
      { sql: LOOK_AT_LANE, args: [id] },
      { sql: SELECT_STATUS, args: [id] },
    ],
    read: (results) => outcomeOf(lastRows(results)[0]?.status as Status | undefined),
  };
}

function bodyStatements(id: string, payload: string): Statement[] {
  const drop = { sql: DROP_BODY, args: [id] };
  if (payload.length <= LIMITS.inlineLengthMax) return [drop];
  return [drop, { sql: STORE_BODY, args: [id, payload] }];
}

function outcomeOf(status: Status | undefined): ChangeOutcome {
  if (status === undefined) return 'not-found';
  if (status === 'in_progress') return 'promise-running';
  return status === 'completed' || status === 'cancelled' ? 'promise-settled' : 'changed';
}
