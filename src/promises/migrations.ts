import type { Migration } from '../db/index.js';
import { scheduleMigrations } from './schedules/schema.js';
import { promiseMigrations } from './schema.js';

/** The schema of the `queue` database: what promises need, and what schedules do. */
export const queueMigrations: readonly Migration[] = [...promiseMigrations, ...scheduleMigrations];
