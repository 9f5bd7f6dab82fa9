import type { Migration } from '../db/index.js';
import { SETTLED, STATUSES, sqlList } from './states.js';

/**
 * A promise, narrow: payloads and results over 512 bytes live in `bodies` (F22).
 * `WITHOUT ROWID` saves a row written per promise (R8).
 */
const PROMISES = `
CREATE TABLE promises (
  id TEXT NOT NULL PRIMARY KEY,
  type TEXT NOT NULL,
  queue TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN (${sqlList(STATUSES)})),
  priority INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 10),
  run_at INTEGER NOT NULL,
  key TEXT,
  payload TEXT,
  payload_length INTEGER NOT NULL,
  metadata TEXT,
  max_attempts INTEGER NOT NULL CHECK (max_attempts >= 1),
  backoff TEXT,
  timeout_ms INTEGER NOT NULL CHECK (timeout_ms >= 1),
  attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
  crashes INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER NOT NULL DEFAULT 0,
  fence INTEGER NOT NULL DEFAULT 0,
  claim TEXT,
  lease_ms INTEGER,
  lease_expires_at INTEGER,
  heartbeat_at INTEGER,
  outcome TEXT,
  outcome_fence INTEGER,
  result TEXT,
  error TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  settled_at INTEGER,
  CHECK ((status = 'in_progress') = (lease_expires_at IS NOT NULL)),
  CHECK ((status IN (${sqlList(SETTLED)})) = (settled_at IS NOT NULL))
) STRICT, WITHOUT ROWID`;

/** Claims seek here, one seek a (queue, type, priority): what is due tomorrow is never walked (F21). */
const READY_INDEX = `
CREATE INDEX promises_ready_by_line ON promises (queue, type, priority, run_at)
WHERE status = 'pending'`;

/** Recovery and the executor's alarm look at the earliest lease. */
const LEASED_INDEX = `
CREATE INDEX promises_leased_by_expiry ON promises (lease_expires_at)
WHERE status = 'in_progress'`;

/** Retention and the lists of one settled state, newest or oldest first. */
const SETTLED_INDEX = `
CREATE INDEX promises_settled_by_age ON promises (status, settled_at)
WHERE settled_at IS NOT NULL`;

/** Deduplication, and the list by key. */
const KEY_INDEX = `
CREATE UNIQUE INDEX promises_by_key ON promises (key, type)
WHERE key IS NOT NULL`;

/** Large payloads and results, as JSON text. */
const BODIES = `
CREATE TABLE bodies (
  promise_id TEXT NOT NULL,
  part TEXT NOT NULL CHECK (part IN ('payload', 'result')),
  body TEXT NOT NULL,
  PRIMARY KEY (promise_id, part)
) STRICT, WITHOUT ROWID`;

/** One row an attempt that failed or crashed: nothing is written here on the happy path. */
const FAILURES = `
CREATE TABLE failures (
  promise_id TEXT NOT NULL,
  fence INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  failed_at INTEGER NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (promise_id, fence)
) STRICT, WITHOUT ROWID`;

/**
 * One row a claim, for the whole batch: a claim whose answer was lost is read
 * again by its token. `lines` is [[queue, type, count], …]; `counted` makes a claim that is sent twice count once.
 */
const CLAIMS = `
CREATE TABLE claims (
  token TEXT NOT NULL PRIMARY KEY,
  worker TEXT NOT NULL,
  promise_ids TEXT NOT NULL,
  lines TEXT NOT NULL,
  claimed_at INTEGER NOT NULL,
  counted INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID`;

const CLAIMS_INDEX = 'CREATE INDEX claims_by_age ON claims (claimed_at)';

/** A line is a (queue, type). Its counters change in the write that changes the promises. */
const LINES = `
CREATE TABLE lines (
  queue TEXT NOT NULL,
  type TEXT NOT NULL,
  ${STATUSES.map((status) => `${status} INTEGER NOT NULL DEFAULT 0`).join(',\n  ')},
  PRIMARY KEY (queue, type)
) STRICT, WITHOUT ROWID`;

/** The schema of the `queue` database. Append only; schema N serves the code of N − 1. */
export const promiseMigrations: readonly Migration[] = [
  {
    version: 1,
    name: 'promises',
    statements: [
      PROMISES,
      READY_INDEX,
      LEASED_INDEX,
      SETTLED_INDEX,
      KEY_INDEX,
      BODIES,
      FAILURES,
      CLAIMS,
      CLAIMS_INDEX,
      LINES,
    ],
  },
];
