import type { Migration } from '../db/index.js';

/** The kinds are checked in code alone: there will be more. */
const INSIGHTS = `
CREATE TABLE insights (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  data TEXT NOT NULL,
  period_from INTEGER NOT NULL,
  period_to INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID`;

const BY_KIND = 'CREATE INDEX insights_by_kind ON insights (kind, id)';

const BY_AGE = 'CREATE INDEX insights_by_age ON insights (at)';

export const insightMigrations: readonly Migration[] = [
  { version: 101, name: 'insights', statements: [INSIGHTS, BY_KIND, BY_AGE] },
];
