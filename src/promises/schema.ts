import type { Migration } from '../db/index.js';
import { PARENT_FAILURE_POLICIES, SETTLED, STATUSES, UNIQUE_SCOPES, WAITS_FOR } from './states.js';

/** For CHECKs: a chain of comparisons costs a third of `IN`, which builds its list for each row. */
const isOneOf = (column: string, words: readonly string[]) =>
  words.map((word) => `${column} = '${word}'`).join(' OR ');

/**
 * A promise, narrow: payloads and results over 512 bytes live in `bodies` (F22).
 * Indexes hold the short `seq`, the order of making, and not the id.
 */
const PROMISES = `
CREATE TABLE promises (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  queue TEXT NOT NULL,
  status TEXT NOT NULL CHECK (${isOneOf('status', STATUSES)}),
  priority INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 10),
  run_at INTEGER NOT NULL,
  key TEXT,
  unique_key TEXT,
  unique_scope TEXT CHECK (${isOneOf('unique_scope', UNIQUE_SCOPES)}),
  unique_until INTEGER,
  expires_at INTEGER,
  lane TEXT,
  is_strict INTEGER NOT NULL DEFAULT 0,
  waits_for TEXT CHECK (${isOneOf('waits_for', WAITS_FOR)}),
  on_parent_failure TEXT CHECK (${isOneOf('on_parent_failure', PARENT_FAILURE_POLICIES)}),
  release_due INTEGER,
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
  progress TEXT,
  state TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  settled_at INTEGER,
  CHECK ((status = 'waiting') = (waits_for IS NOT NULL)),
  CHECK ((status = 'in_progress') = (lease_expires_at IS NOT NULL)),
  CHECK ((${isOneOf('status', SETTLED)}) = (settled_at IS NOT NULL))
) STRICT`;

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

/** Deduplication. A scope that is over sets `unique_key` to NULL. */
const UNIQUE_INDEX = `
CREATE UNIQUE INDEX promises_unique ON promises (unique_key, type)
WHERE unique_key IS NOT NULL`;

/** The list by key. */
const KEY_INDEX = `
CREATE INDEX promises_by_key ON promises (key)
WHERE key IS NOT NULL`;

/** What must begin by a time and has not. */
const EXPIRING_INDEX = `
CREATE INDEX promises_expiring ON promises (expires_at)
WHERE expires_at IS NOT NULL AND started_at IS NULL AND settled_at IS NULL`;

/** Who is next in a lane: first priorities first. */
const LANE_INDEX = `
CREATE INDEX promises_waiting_in_lane ON promises (queue, lane, priority, run_at)
WHERE waits_for = 'lane'`;

/** Who is next in a strict lane: in the order of their ids, which is the order of the calls. */
const TURN_INDEX = `
CREATE INDEX promises_waiting_for_turn ON promises (queue, lane, id)
WHERE waits_for = 'turn'`;

/** Settled promises whose dependents have yet to be told. */
const RELEASE_INDEX = `
CREATE INDEX promises_to_release ON promises (release_due)
WHERE release_due IS NOT NULL`;

/** Large payloads, results and states, as JSON text. */
const BODIES = `
CREATE TABLE bodies (
  promise_id TEXT NOT NULL,
  part TEXT NOT NULL CHECK (part IN ('payload', 'result', 'state')),
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
 * again by its token. `lines` is [[queue, type, count], …], with the span and the ids of each
 * until it is `counted`, which makes a claim that is sent twice count once.
 */
const CLAIMS = `
CREATE TABLE claims (
  token TEXT NOT NULL PRIMARY KEY,
  worker TEXT NOT NULL,
  seqs TEXT NOT NULL,
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

/**
 * A lane is a (queue, key): `open` of its promises are admitted, that is pending or
 * running; the others wait. `look_at` is when to admit the next: null is never, or
 * not before one of the open ones ends. `rate_at` is the rate's clock.
 */
const LANES = `
CREATE TABLE lanes (
  queue TEXT NOT NULL,
  lane TEXT NOT NULL,
  open INTEGER NOT NULL DEFAULT 0,
  look_at INTEGER,
  rate_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (queue, lane)
) STRICT, WITHOUT ROWID`;

const LANES_INDEX = `
CREATE INDEX lanes_to_look_at ON lanes (look_at)
WHERE look_at IS NOT NULL`;

/** Who waits for whom. `outcome` is null while the parent is not settled. */
const DEPENDENCIES = `
CREATE TABLE dependencies (
  child_id TEXT NOT NULL,
  parent_id TEXT NOT NULL,
  outcome TEXT CHECK (${isOneOf('outcome', SETTLED)}),
  PRIMARY KEY (child_id, parent_id)
) STRICT, WITHOUT ROWID`;

const DEPENDENCIES_INDEX = `
CREATE INDEX dependencies_open_by_parent ON dependencies (parent_id)
WHERE outcome IS NULL`;

const TAGS = `
CREATE TABLE tags (
  tag TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (tag, seq)
) STRICT, WITHOUT ROWID`;

/** Tags of one promise, for retention. */
const TAGS_INDEX = 'CREATE INDEX tags_by_promise ON tags (seq)';

/** What was set about a queue; one that has no row has the defaults. */
const QUEUES = `
CREATE TABLE queues (
  name TEXT NOT NULL PRIMARY KEY,
  paused INTEGER NOT NULL DEFAULT 0,
  concurrency INTEGER CHECK (concurrency >= 1),
  rate_limit INTEGER CHECK (rate_limit >= 1),
  rate_period_ms INTEGER CHECK (rate_period_ms >= 1),
  rate_at INTEGER NOT NULL DEFAULT 0,
  key_concurrency INTEGER CHECK (key_concurrency >= 1),
  key_rate_limit INTEGER CHECK (key_rate_limit >= 1),
  key_rate_period_ms INTEGER CHECK (key_rate_period_ms >= 1),
  key_order TEXT CHECK (key_order IN ('due', 'strict')),
  lease_ms INTEGER,
  retention TEXT
) STRICT, WITHOUT ROWID`;

const PAUSED_TYPES =
  'CREATE TABLE paused_types (type TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID';

/**
 * A set that several statements of one write agree on: made first, emptied last, so
 * that none of them asks the clock again.
 */
const SCRATCH = `
CREATE TABLE scratch (
  id TEXT NOT NULL PRIMARY KEY,
  next TEXT,
  queue TEXT,
  lane TEXT
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
      UNIQUE_INDEX,
      KEY_INDEX,
      EXPIRING_INDEX,
      LANE_INDEX,
      TURN_INDEX,
      RELEASE_INDEX,
      BODIES,
      FAILURES,
      CLAIMS,
      CLAIMS_INDEX,
      LINES,
      LANES,
      LANES_INDEX,
      DEPENDENCIES,
      DEPENDENCIES_INDEX,
      TAGS,
      TAGS_INDEX,
      QUEUES,
      PAUSED_TYPES,
      SCRATCH,
    ],
  },
];
