import type { Row, Statement } from '../statement.js';
import type { InsideEvidence, KnownSchema, SchemaEvidence, SchemaPart } from './evidence.js';

/** What is asked of every database, by reads alone. */
export const FIGURES: readonly Statement[] = [
  { sql: 'PRAGMA page_size' },
  { sql: 'PRAGMA page_count' },
  { sql: 'PRAGMA freelist_count' },
];

/** The first errors are enough to know. */
export const QUICK_CHECK = 'PRAGMA quick_check(10)';

export const HAS_MIGRATIONS =
  "SELECT count(*) AS found FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'";
export const MIGRATIONS = 'SELECT version, name FROM schema_migrations ORDER BY version';

export const PARTS = `
SELECT type, name, sql FROM sqlite_schema
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name <> 'schema_migrations'`;

/** A key is served by an index that begins with its first column, or by the primary key of its table. */
export const UNINDEXED_KEYS = `
SELECT child.name AS "table", key."from" AS "column"
FROM sqlite_schema AS child, pragma_foreign_key_list(child.name) AS key
WHERE child.type = 'table' AND key.seq = 0
  AND NOT EXISTS (
    SELECT 1 FROM pragma_index_list(child.name) AS list, pragma_index_info(list.name) AS part
    WHERE part.seqno = 0 AND part.name = key."from" AND list.partial = 0)
  AND NOT EXISTS (
    SELECT 1 FROM pragma_table_info(child.name) AS info
    WHERE info.name = key."from" AND info.pk = 1)
ORDER BY 1, 2`;

export function figuresOf(answers: readonly (readonly Row[])[]) {
  const number = (at: number) => Number(Object.values(answers[at]?.[0] ?? {})[0] ?? 0);
  return { pageSizeBytes: number(0), pages: number(1), freePages: number(2) };
}

export function integrityOf(rows: readonly Row[]): InsideEvidence['integrityErrors'] {
  const messages = rows.map((row) => String(Object.values(row)[0]));
  return messages.length === 1 && messages[0] === 'ok' ? [] : messages;
}

/** The known schema whose migrations were applied, and those of them that were. */
export function recognise(
  applied: readonly Row[],
  schemas: readonly KnownSchema[],
): { readonly schema: KnownSchema; readonly applied: KnownSchema['migrations'] } | undefined {
  const names = new Map(applied.map(({ version, name }) => [Number(version), name]));
  for (const schema of schemas) {
    const known = schema.migrations.filter(({ version, name }) => names.get(version) === name);
    if (known.length > 0) return { schema, applied: known };
  }
  return undefined;
}

export function schemaEvidence(
  applied: readonly Row[],
  recognised: ReturnType<typeof recognise>,
  parts: { readonly found: readonly Row[]; readonly expected: readonly SchemaPart[] },
  unindexed: readonly Row[],
): SchemaEvidence {
  const known = new Set(parts.found.map(({ type, name }) => `${type} ${name}`));
  const versions = applied.map(({ version }) => Number(version));
  return {
    known: recognised?.schema.profile ?? null,
    version: versions.length === 0 ? null : Math.max(...versions),
    newestVersion: recognised?.schema.migrations.at(-1)?.version ?? null,
    missing: parts.expected.filter(({ type, name }) => !known.has(`${type} ${name}`)),
    unindexedForeignKeys: unindexed.map(({ table, column }) => `${table} (${column})`),
  };
}
