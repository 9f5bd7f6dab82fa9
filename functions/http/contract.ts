import { attemptOperations } from './attempts.js';
import { auditOperations } from './audit.js';
import { batchOperations } from './batch.js';
import { bulkOperations } from './bulk.js';
import { claimOperations } from './claims.js';
import { databaseOperations } from './databases.js';
import { eventOperations } from './events.js';
import { explainOperations } from './explain.js';
import { healthOperations } from './health.js';
import { insightOperations } from './insights.js';
import { keyOperations } from './keys.js';
import { maintenanceOperations } from './maintenance.js';
import { messageOperations } from './messages.js';
import type { Operation } from './operation.js';
import { promiseOperations } from './promises.js';
import { queueOperations } from './queues.js';
import { recoveryOperations } from './recoveries.js';
import { scheduleOperations } from './schedules.js';
import { settlementOperations } from './settlements.js';
import { subscriptionOperations } from './subscriptions.js';
import { telegramOperations } from './telegram.js';
import { telemetryOperations } from './telemetry.js';
import { transferOperations } from './transfer.js';

/** Every operation of the API, in the order of the reference. */
export const OPERATIONS: readonly Operation[] = [
  ...promiseOperations,
  ...batchOperations,
  ...explainOperations,
  ...bulkOperations,
  ...queueOperations,
  ...claimOperations,
  ...attemptOperations,
  ...settlementOperations,
  ...eventOperations,
  ...subscriptionOperations,
  ...scheduleOperations,
  ...messageOperations,
  ...telegramOperations,
  ...keyOperations,
  ...auditOperations,
  ...maintenanceOperations,
  ...recoveryOperations,
  ...transferOperations,
  ...insightOperations,
  ...healthOperations,
  ...databaseOperations,
  ...telemetryOperations,
];
