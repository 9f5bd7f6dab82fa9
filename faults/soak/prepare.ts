import { type Database, migrate } from '../../src/db/index.js';
import { newSchedule, promiseMigrations, Schedules } from '../../src/promises/index.js';
import { SCHEDULE } from './orders.js';

/** What the processes of a soak find. */
export async function prepareSoak(database: Database): Promise<void> {
  await migrate(database, promiseMigrations);
  const promise = { type: 'soak' };
  await new Schedules(database).create(newSchedule.parse({ name: SCHEDULE, every: '1s', promise }));
}
