import { type Database, migrate, openDatabase, type Statement } from '../src/db/index.js';
import { promiseMigrations } from '../src/promises/index.js';

/** The database that simulations are played on, one after the other: emptied, not made anew. */
export interface Stage {
  readonly database: Database;
  /** As after the migrations. */
  clear(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const database = await openDatabase({ name: 'queue', url: ':memory:', profile: 'queue' });
  await migrate(database, promiseMigrations);
  const [tables] = await database.read([
    { sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%migrations%'" },
  ]);
  const empty: Statement[] = (tables?.rows ?? []).map(({ name }) => ({
    sql: `DELETE FROM "${name}"`,
  }));
  return { database, clear: async () => void (await database.write(empty)) };
}
