import type { Migration } from '../db/index.js';

/** Keys by the SHA-256 of what their holders have; `old_digest` is what a rotation replaced. */
const API_KEYS = `
CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  queues TEXT,
  rate_limit INTEGER CHECK (rate_limit >= 1),
  rate_period_ms INTEGER CHECK (rate_period_ms >= 1),
  hint TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  old_digest TEXT UNIQUE,
  old_until INTEGER,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER,
  CHECK ((old_digest IS NULL) = (old_until IS NULL)),
  CHECK ((rate_limit IS NULL) = (rate_period_ms IS NULL))
) STRICT, WITHOUT ROWID`;

const KEYS_BY_TENANT = 'CREATE INDEX api_keys_by_tenant ON api_keys (tenant, id)';

/** One row an attempt to administer, refused or done. Ids are UUIDv7: their order is that of the calls. */
const AUDIT = `
CREATE TABLE audit (
  id TEXT NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  key_id TEXT NOT NULL,
  key_name TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  status INTEGER NOT NULL,
  code TEXT
) STRICT, WITHOUT ROWID`;

const AUDIT_BY_TENANT = 'CREATE INDEX audit_by_tenant ON audit (tenant, id)';

const AUDIT_BY_AGE = 'CREATE INDEX audit_by_age ON audit (at)';

export const accessMigrations: readonly Migration[] = [
  {
    version: 10,
    name: 'keys and audit',
    statements: [API_KEYS, KEYS_BY_TENANT, AUDIT, AUDIT_BY_TENANT, AUDIT_BY_AGE],
  },
];
