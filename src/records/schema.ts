import type { Migration } from '../db/index.js';
import { accessMigrations } from './access-schema.js';
import { HEALTH_STATUSES } from './health-snapshot.js';
import { inboxMigrations } from './inbox-schema.js';
import { insightMigrations } from './insights-schema.js';
import { RUN_OUTCOMES, RUN_TRIGGERS } from './maintenance-run.js';
import { MESSAGE_KINDS, MESSAGE_STATUSES } from './message.js';
import { telemetryMigrations } from './telemetry-schema.js';

/** Made of constants only. */
const sqlList = (values: readonly string[]) => values.map((value) => `'${value}'`).join(', ');

/** One row a finished run. Ids are UUIDv7, so that their order is the order of the runs' beginnings. */
const MAINTENANCE_RUNS = `
CREATE TABLE maintenance_runs (
  id TEXT NOT NULL PRIMARY KEY,
  task TEXT NOT NULL,
  trigger TEXT NOT NULL CHECK (trigger IN (${sqlList(RUN_TRIGGERS)})),
  started_at INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN (${sqlList(RUN_OUTCOMES)})),
  counts TEXT NOT NULL,
  reason TEXT,
  error TEXT,
  CHECK ((outcome = 'skipped') = (reason IS NOT NULL)),
  CHECK ((outcome = 'failed') = (error IS NOT NULL))
) STRICT, WITHOUT ROWID`;

/** The list of one task, newest first, and its last run. */
const RUNS_BY_TASK = 'CREATE INDEX maintenance_runs_by_task ON maintenance_runs (task, id)';

const RUNS_BY_AGE = 'CREATE INDEX maintenance_runs_by_age ON maintenance_runs (finished_at)';

/** One row a task: when it is due (null: on request only), and the run under way with its lease. */
const MAINTENANCE_SCHEDULE = `
CREATE TABLE maintenance_schedule (
  task TEXT NOT NULL PRIMARY KEY,
  interval_ms INTEGER CHECK (interval_ms >= 1),
  next_due_at INTEGER,
  run_id TEXT,
  run_trigger TEXT CHECK (run_trigger IN (${sqlList(RUN_TRIGGERS)})),
  run_started_at INTEGER,
  run_lease_expires_at INTEGER,
  CHECK ((interval_ms IS NULL) = (next_due_at IS NULL)),
  CHECK ((run_id IS NULL) = (run_trigger IS NULL)),
  CHECK ((run_id IS NULL) = (run_started_at IS NULL)),
  CHECK ((run_id IS NULL) = (run_lease_expires_at IS NULL))
) STRICT, WITHOUT ROWID`;

const HEALTH_SNAPSHOTS = `
CREATE TABLE health_snapshots (
  id TEXT NOT NULL PRIMARY KEY,
  taken_at INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN (${sqlList(HEALTH_STATUSES)})),
  report TEXT NOT NULL
) STRICT, WITHOUT ROWID`;

const SNAPSHOTS_BY_AGE = 'CREATE INDEX health_snapshots_by_age ON health_snapshots (taken_at)';

/** What people wrote to us. A message is known by its chat and its id there. */
const MESSAGES = `
CREATE TABLE messages (
  id TEXT NOT NULL PRIMARY KEY,
  chat TEXT NOT NULL,
  message_id TEXT NOT NULL,
  text TEXT NOT NULL,
  sender TEXT,
  kind TEXT NOT NULL CHECK (kind IN (${sqlList(MESSAGE_KINDS)})),
  received_at INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN (${sqlList(MESSAGE_STATUSES)})),
  error TEXT
) STRICT, WITHOUT ROWID`;

/** Drops duplicates. */
const MESSAGES_BY_CHAT_MESSAGE =
  'CREATE UNIQUE INDEX messages_by_chat_message ON messages (chat, message_id)';

/** The list of one chat, newest first. */
const MESSAGES_BY_CHAT = 'CREATE INDEX messages_by_chat ON messages (chat, id)';

const MESSAGES_BY_AGE = 'CREATE INDEX messages_by_age ON messages (received_at)';

/** The schema of the `system` database. Append only; schema N serves the code of N − 1. */
export const recordMigrations: readonly Migration[] = [
  {
    version: 1,
    name: 'maintenance, health history and messages',
    statements: [
      MAINTENANCE_RUNS,
      RUNS_BY_TASK,
      RUNS_BY_AGE,
      MAINTENANCE_SCHEDULE,
      HEALTH_SNAPSHOTS,
      SNAPSHOTS_BY_AGE,
      MESSAGES,
      MESSAGES_BY_CHAT_MESSAGE,
      MESSAGES_BY_CHAT,
      MESSAGES_BY_AGE,
    ],
  },
  ...accessMigrations,
  ...inboxMigrations,
  ...insightMigrations,
  ...telemetryMigrations,
];
