import type { SchemaPart } from '../doctor/evidence.js';
import { PARTS } from '../doctor/questions.js';
import type { Migration } from '../migrate.js';
import { Connection } from './connection.js';

/** What migrations make, found out by applying them to an empty database in memory. */
export function expectedParts(migrations: readonly Migration[]): SchemaPart[] {
  const connection = new Connection({ path: ':memory:' });
  try {
    for (const { statements } of migrations) {
      for (const sql of statements) connection.exec(sql);
    }
    return connection.run(PARTS, []).rows.map(([type, name, sql]) => ({
      type: String(type),
      name: String(name),
      sql: String(sql),
    }));
  } finally {
    connection.close();
  }
}
