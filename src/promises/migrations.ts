import type { Migration } from '../db/index.js';
import { callbackMigrations } from './callbacks-schema.js';
import { claimRangeMigrations } from './choose.js';
import { eventMigrations } from './events-schema.js';
import { handlerVersionMigrations } from './handler-versions.js';
import { deliveryMigrations, originMigrations } from './origins-schema.js';
import { laneMigrations } from './recover-lanes.js';
import { recoveryMigrations } from './recoveries.js';
import { retryMigrations } from './retry.js';
import { scheduleMigrations } from './schedules/schema.js';
import { promiseMigrations } from './schema.js';
import { tenantMigrations } from './tenant-schema.js';

/** The schema of the `queue` database: what promises need, what schedules do, tenants, and the log of events. */
export const queueMigrations: readonly Migration[] = [
  ...promiseMigrations,
  ...scheduleMigrations,
  ...tenantMigrations,
  ...eventMigrations,
  ...callbackMigrations,
  ...recoveryMigrations,
  ...originMigrations,
  ...retryMigrations,
  ...handlerVersionMigrations,
  ...laneMigrations,
  ...deliveryMigrations,
  ...claimRangeMigrations,
];
