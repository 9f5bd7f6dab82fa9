import type { Migration } from '../db/index.js';

/**
 * The log: one row for what one statement does to promises of one line, however many.
 * `ids` and `spans` are JSON arrays; `moved` counts, and is 0 when a call changed nothing.
 */
const EVENTS = `
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  queue TEXT NOT NULL,
  type TEXT NOT NULL,
  ids TEXT NOT NULL,
  spans TEXT NOT NULL,
  moved INTEGER NOT NULL,
  detail TEXT
) STRICT`;

/** Where the events of promises made at about the same time are. */
const SPANS = `
CREATE TABLE event_spans (
  span TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (span, seq)
) STRICT, WITHOUT ROWID`;

const INDEX_EVENT = `
CREATE TRIGGER events_indexed AFTER INSERT ON events BEGIN
  INSERT INTO event_spans (span, seq) SELECT value, NEW.seq FROM json_each(NEW.spans);
END`;

const FORGET_EVENT = `
CREATE TRIGGER events_forgotten AFTER DELETE ON events BEGIN
  DELETE FROM event_spans
  WHERE seq = OLD.seq AND span IN (SELECT value FROM json_each(OLD.spans));
END`;

/** Numbered from 30: the promises' own, the schedules' and the tenants' come before. */
export const eventMigrations: readonly Migration[] = [
  { version: 30, name: 'events', statements: [EVENTS, SPANS, INDEX_EVENT, FORGET_EVENT] },
];
