import type { Migration } from '../db/index.js';

/** The list of one tenant; the default tenant's promises, which are the many, are not in it. */
const TENANT_INDEX = `
CREATE INDEX promises_by_tenant ON promises (substr(queue, 1, instr(queue, '/')))
WHERE queue >= '@' AND queue < 'A'`;

/**
 * One row a call with an Idempotency-Key. What it was answered is in `body`, or, where
 * it made one promise, in `made`: the rest of that answer is said by the request itself.
 */
const ANSWERS = `
CREATE TABLE answers (
  holder TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  token TEXT NOT NULL,
  held_until INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  made TEXT,
  status INTEGER,
  headers TEXT,
  body TEXT,
  PRIMARY KEY (holder, key)
) STRICT`;

const ANSWERS_BY_EXPIRY = 'CREATE INDEX answers_by_expiry ON answers (expires_at)';

export const tenantMigrations: readonly Migration[] = [
  { version: 20, name: 'tenants', statements: [TENANT_INDEX] },
  { version: 21, name: 'answers', statements: [ANSWERS, ANSWERS_BY_EXPIRY] },
];
