import { HoldfastError } from '../core/index.js';
import type { CallOptions, Database } from './database.js';
import type { Statement } from './statement.js';

/** One step of a schema. Numbers go up, gaps are room to grow; never changed once released. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

export interface Migrated {
  /** What this call applied; what another process applied meanwhile is not in it. */
  readonly applied: readonly { readonly version: number; readonly name: string }[];
  /** The version that the database is at now. */
  readonly version: number;
  /** True when a newer release has migrated it already: expand first, contract later, so it is served. */
  readonly newerThanCode: boolean;
}

const CREATE = `
CREATE TABLE IF NOT EXISTS schema_migrations (
  version INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT`;

const SELECT_VERSIONS = 'SELECT version FROM schema_migrations';

const HAS_TABLE =
  "SELECT count(*) AS found FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'";

/** First in its batch: a version that is there already fails the whole batch, and nothing of it is kept. */
const INSERT_GUARD = `
INSERT INTO schema_migrations (version, name, applied_at)
VALUES (?1, ?2, CAST(unixepoch('subsec') * 1000 AS INTEGER))`;

/** Large schemas are built within this. */
const DEADLINE_MS = 60_000;

/**
 * Brings a database up to the last migration. Safe when many processes start at
 * once: each version is one atomic write whose first row only one of them can add.
 * @param options `signal` ends the waiting; what was applied stays
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
  options: Pick<CallOptions, 'signal'> = {},
): Promise<Migrated> {
  assertNumbered(migrations);
  let known = await appliedVersions(database, options);
  const applied: { version: number; name: string }[] = [];
  for (const migration of migrations) {
    if (known.has(migration.version)) continue;
    if (await apply(database, migration, options)) {
      applied.push({ version: migration.version, name: migration.name });
      known.add(migration.version);
    } else {
      // Another process was first; it may have gone further meanwhile.
      known = await appliedVersions(database, options);
    }
  }
  const version = Math.max(0, ...known);
  return { applied, version, newerThanCode: version > (migrations.at(-1)?.version ?? 0) };
}

/** Those that `migrate` would apply, and the version that the database is at (0: none). Changes nothing. */
export async function pendingMigrations(
  database: Database,
  migrations: readonly Migration[],
): Promise<{ readonly pending: readonly Migration[]; readonly version: number }> {
  const known = await appliedVersions(database);
  return {
    pending: migrations.filter(({ version }) => !known.has(version)),
    version: Math.max(0, ...known),
  };
}

/** None for a database without migrations. Opens no write transaction. */
async function appliedVersions(
  database: Database,
  options: CallOptions = {},
): Promise<Set<number>> {
  const call = { ...options, label: 'migrate' };
  const [tables] = await database.read([{ sql: HAS_TABLE }], call);
  if (Number(tables?.rows[0]?.found) === 0) return new Set();
  const [versions] = await database.read([{ sql: SELECT_VERSIONS }], call);
  return new Set((versions?.rows ?? []).map((row) => Number(row.version)));
}

/** False when another process has applied it. */
async function apply(
  database: Database,
  migration: Migration,
  options: CallOptions,
): Promise<boolean> {
  const statements: Statement[] = [
    { sql: CREATE },
    { sql: INSERT_GUARD, args: [migration.version, migration.name] },
    ...migration.statements.map((sql) => ({ sql })),
  ];
  try {
    // Sent again after a lost answer, the guard row tells that it was applied.
    await database.write(statements, {
      ...options,
      label: 'migrate',
      deadlineMs: DEADLINE_MS,
      idempotent: true,
    });
    return true;
  } catch (error) {
    const guarded = error instanceof HoldfastError && error.code === 'constraint-violated';
    if (!guarded) throw error;
    // A replica that reads beside its server may not have seen it yet.
    await database.sync();
    if ((await appliedVersions(database, options)).has(migration.version)) return false;
    throw error;
  }
}

function assertNumbered(migrations: readonly Migration[]): void {
  let before = 0;
  for (const { version, name } of migrations) {
    if (!Number.isSafeInteger(version) || version <= before) {
      throw new HoldfastError(
        'setting-invalid',
        `migration ${name} must have a number above ${before} (received ${version})`,
      );
    }
    before = version;
  }
}
