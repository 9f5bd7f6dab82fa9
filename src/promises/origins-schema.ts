import type { Migration } from '../db/index.js';
import { CALLBACK, DELIVER, deliver, idOf } from './callbacks-schema.js';
import { SETTLED, sqlList } from './states.js';

/** The type of promises that tell people something, and the line they stand in. */
export const NOTIFY = { type: 'notify', queue: 'notifications' } as const;

/** How far a sending has come. */
export const SEND_STATES = ['begun', 'sent', 'unknown'] as const;

/** Who is told of a promise's result, as JSON. */
const ORIGINS = `
CREATE TABLE origins (
  promise_id TEXT NOT NULL PRIMARY KEY,
  origin TEXT NOT NULL
) STRICT, WITHOUT ROWID`;

/**
 * What was begun to be sent to those who know no idempotency key: `begun` before the call,
 * `sent` after it, `unknown` when nobody can tell. What was refused has no row.
 */
const SENDS = `
CREATE TABLE sends (
  promise_id TEXT NOT NULL,
  key TEXT NOT NULL,
  token TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN (${sqlList(SEND_STATES)})),
  receipt TEXT,
  begun_at INTEGER NOT NULL,
  PRIMARY KEY (promise_id, key)
) STRICT, WITHOUT ROWID`;

/** What tells somebody something is told to nobody else, or it would never end. */
const TELLERS = sqlList([CALLBACK.type, NOTIFY.type]);

/** Whoever asked for a promise is told by another one, made in the write that settles it. */
const TELL = `
CREATE TRIGGER events_told AFTER INSERT ON events
WHEN NEW.moved > 0 AND NEW.kind IN (${sqlList(SETTLED)}) AND NEW.type NOT IN (${TELLERS})
  AND EXISTS (SELECT 1 FROM origins)
BEGIN${deliver(
  NOTIFY,
  "'to', json(told.target)",
  `
    SELECT ${idOf('0', 1)} AS id, given.value AS promise, o.origin AS target
    FROM json_each(NEW.ids) given CROSS JOIN origins o ON o.promise_id = given.value`,
)}
END`;

export const originMigrations: readonly Migration[] = [
  { version: 100, name: 'origins', statements: [ORIGINS, SENDS, TELL] },
];

export const deliveryMigrations: readonly Migration[] = [
  {
    version: 150,
    name: 'ids of deliveries count nothing',
    statements: ['DROP TRIGGER events_delivered', DELIVER, 'DROP TRIGGER events_told', TELL],
  },
];
