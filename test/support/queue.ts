import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import { promiseMigrations } from '../../src/promises/index.js';
import { tempDir } from './temp-dir.js';

/** A migrated `queue` database in a file of the test's own; closed when the test has finished. */
export async function openQueue(path = join(tempDir(), 'queue.db')): Promise<Database> {
  const database = await openDatabase({ name: 'queue', url: `file:${path}`, profile: 'queue' });
  onTestFinished(() => database.close());
  await migrate(database, promiseMigrations);
  return database;
}
