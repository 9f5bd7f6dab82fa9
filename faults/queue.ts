import { type Database, openDatabase } from '../src/db/index.js';

/** The database of a rig, opened for as long as `work` takes. */
export async function withQueue<T>(
  url: string,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await openDatabase({ name: 'queue', url, profile: 'queue' });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
