import { HoldfastError } from '../../../core/index.js';
import { openRemote } from '../../remote/open-remote.js';
import type { RemoteDatabase } from '../../remote/remote-database.js';
import type { Row, SqlValue } from '../../statement.js';
import { Aside } from '../aside/aside.js';
import type { ServerSource } from './copy-server.js';

interface SchemaPart {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
}

/** Virtual tables are left out with what they keep: Holdfast has none. */
const PARTS = `
SELECT type, name, sql FROM sqlite_schema
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'libsql_%'`;

/** So many rows, or so many characters of them, go in one write: a server refuses more than 5 MB (R12). */
const ROWS_MAX = 500;
const LENGTH_MAX = 2_000_000;
const QUESTION_MS = 60_000;

/**
 * Fills an empty database on a server with what a copy holds: tables, then rows, then indexes
 * and triggers, so that no trigger sees the rows come.
 * @throws HoldfastError `setting-invalid` when the database is not empty
 */
export async function putOnServer(
  copy: string,
  { name, url, authToken }: ServerSource & { readonly name: string },
): Promise<void> {
  const database = openRemote({ name, url, authToken, profile: 'client' });
  const aside = new Aside('restore');
  try {
    await assertEmpty(database);
    await aside.open({ path: copy }, QUESTION_MS);
    const parts = (await aside.all(PARTS, QUESTION_MS)) as unknown as readonly SchemaPart[];
    const tables = parts.filter(({ type }) => type === 'table');
    await write(
      database,
      tables.map(({ sql }) => ({ sql })),
    );
    for (const table of tables) await putRows(aside, database, table.name);
    const others = parts.filter(({ type }) => type !== 'table');
    for (const type of ['index', 'view', 'trigger']) {
      const some = others.filter((part) => part.type === type);
      if (some.length > 0)
        await write(
          database,
          some.map(({ sql }) => ({ sql })),
        );
    }
  } finally {
    await aside.end();
    await database.close();
  }
}

async function assertEmpty(database: RemoteDatabase): Promise<void> {
  const [found] = await database.read([{ sql: PARTS }], { label: 'restore' });
  const [first] = found?.rows ?? [];
  if (first === undefined) return;
  throw new HoldfastError(
    'setting-invalid',
    `${database.name}: a server's database must be empty to be restored to, and it has ${first.type} ${first.name}: make a new one`,
  );
}

async function putRows(aside: Aside, database: RemoteDatabase, table: string): Promise<void> {
  const name = `"${table.replaceAll('"', '""')}"`;
  // In the order of the primary key: without one there is no order, and nobody writes a copy meanwhile.
  const page = `SELECT * FROM ${name} LIMIT ${ROWS_MAX} OFFSET ?1`;
  for (let offset = 0; ; offset += ROWS_MAX) {
    const rows = await aside.all(page, QUESTION_MS, [offset]);
    for (const some of inWrites(rows)) await insert(database, name, some);
    if (rows.length < ROWS_MAX) return;
  }
}

function* inWrites(rows: readonly Row[]): Generator<readonly Row[]> {
  let some: Row[] = [];
  let length = 0;
  for (const row of rows) {
    const size = lengthOf(row);
    if (some.length > 0 && length + size > LENGTH_MAX) {
      yield some;
      some = [];
      length = 0;
    }
    some.push(row);
    length += size;
  }
  if (some.length > 0) yield some;
}

function lengthOf(row: Row): number {
  return Object.values(row).reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? value.length : 8),
    0,
  );
}

/** A row that came with a lost answer is there already: it is the same. */
async function insert(
  database: RemoteDatabase,
  table: string,
  rows: readonly Row[],
): Promise<void> {
  await write(
    database,
    rows.map((row) => {
      const columns = Object.keys(row);
      const names = columns.map((column) => `"${column.replaceAll('"', '""')}"`).join(', ');
      const places = columns.map((_, at) => `?${at + 1}`).join(', ');
      const sql = `INSERT OR REPLACE INTO ${table} (${names}) VALUES (${places})`;
      return { sql, args: columns.map((column) => row[column] as SqlValue) };
    }),
  );
}

async function write(
  database: RemoteDatabase,
  statements: readonly { readonly sql: string; readonly args?: readonly SqlValue[] }[],
): Promise<void> {
  await database.write(statements, { label: 'restore', deadlineMs: QUESTION_MS, idempotent: true });
}
