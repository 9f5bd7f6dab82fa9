import type { Migration } from '../db/index.js';

/**
 * One row what one process did in one step. Ids are UUIDv7. A row of a longer step stands
 * for the rows of shorter ones that it was made of.
 */
const TELEMETRY_POINTS = `
CREATE TABLE telemetry_points (
  id TEXT NOT NULL PRIMARY KEY,
  step_ms INTEGER NOT NULL CHECK (step_ms >= 1),
  at INTEGER NOT NULL,
  point TEXT NOT NULL
) STRICT, WITHOUT ROWID`;

/** Charts read by time; what is to be thinned is the oldest of its step. */
const POINTS_BY_TIME = 'CREATE INDEX telemetry_points_by_time ON telemetry_points (at, id)';
const POINTS_BY_STEP = 'CREATE INDEX telemetry_points_by_step ON telemetry_points (step_ms, at)';

export const telemetryMigrations: readonly Migration[] = [
  {
    version: 130,
    name: 'telemetry',
    statements: [TELEMETRY_POINTS, POINTS_BY_TIME, POINTS_BY_STEP],
  },
];
