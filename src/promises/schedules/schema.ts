import type { Migration } from '../../db/index.js';
import { sqlList } from '../states.js';
import { SKIP_REASONS } from './plan.js';

/** How an occurrence came about. */
export const OCCURRENCE_KINDS = ['fired', 'skipped', 'manual'] as const;

/** `input` and `promise` are JSON as users write it; `next_slot_at` is the first slot not decided yet. */
const SCHEDULES = `
CREATE TABLE schedules (
  name TEXT NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  revision TEXT NOT NULL,
  input TEXT NOT NULL,
  promise TEXT NOT NULL,
  anchor_at INTEGER NOT NULL,
  next_slot_at INTEGER,
  paused_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID`;

const DUE_INDEX = `
CREATE INDEX schedules_due ON schedules (next_slot_at)
WHERE next_slot_at IS NOT NULL AND paused_at IS NULL`;

/**
 * What became of each slot. A slot is fired once because its row can be inserted
 * once; skipped ones that follow each other are one row. Rows hang on the
 * schedule's id: a name that is used again begins anew.
 */
const OCCURRENCES = `
CREATE TABLE occurrences (
  schedule_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN (${sqlList(OCCURRENCE_KINDS)})),
  slot_at INTEGER NOT NULL,
  promise_id TEXT,
  reason TEXT CHECK (reason IN (${sqlList(SKIP_REASONS)})),
  last_slot_at INTEGER NOT NULL,
  slots INTEGER NOT NULL DEFAULT 1,
  token TEXT NOT NULL,
  recorded_at INTEGER NOT NULL,
  PRIMARY KEY (schedule_id, kind, slot_at),
  CHECK ((kind = 'skipped') = (reason IS NOT NULL)),
  CHECK ((kind = 'skipped') = (promise_id IS NULL))
) STRICT, WITHOUT ROWID`;

const AGE_INDEX = 'CREATE INDEX occurrences_by_age ON occurrences (recorded_at)';

/** Numbered from 10: the promises' own come before. */
export const scheduleMigrations: readonly Migration[] = [
  {
    version: 10,
    name: 'schedules',
    statements: [SCHEDULES, DUE_INDEX, OCCURRENCES, AGE_INDEX],
  },
];
