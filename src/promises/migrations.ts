import type { Migration } from '../db/index.js';
import { eventMigrations } from './events-schema.js';
import { scheduleMigrations } from './schedules/schema.js';
import { promiseMigrations } from './schema.js';

/** The schema of the `queue` database: what promises need, what schedules do, and the log of events. */
export const queueMigrations: readonly Migration[] = [
  ...promiseMigrations,
  ...scheduleMigrations,
  ...eventMigrations,
];
