export { cancel, continueWith, snooze, type Verdict } from '../core/index.js';
export { type BulkItem, type BulkOutcome, makeBulk } from './bulk-intake.js';
export { checkChildren } from './children.js';
export type { DatabaseHealth } from './database-health.js';
export { Executor, type ExecutorOptions, type ExecutorReport } from './executor.js';
export { explain } from './explain.js';
export { type HealthReport, HealthReporter, type TaskHealth } from './health-report.js';
export { HEALTH_STATES, HEALTH_THRESHOLDS, type HealthState } from './health-state.js';
export { HistoryKeeper, type HistoryMark, newHistoryMark } from './history-keeper.js';
export {
  AWAY_MS,
  Inbox,
  type InboxOptions,
  type SweepReport,
  type Taken,
} from './inbox.js';
export { Intake } from './intake.js';
export { type KeepNowOptions, keepNow } from './keep-now.js';
export {
  type Backups,
  type FinishedRun,
  type HealthAlert,
  MAINTENANCE_DEFAULTS,
  Maintenance,
  maintenanceTasks,
  TASK_NAMES,
} from './maintenance/index.js';
export { exportMetrics } from './metrics-export.js';
export { OutboxRelay, type OutboxRelayOptions } from './outbox-relay.js';
export { redact } from './redaction.js';
export { lockFiguresOf } from './reflection/index.js';
export { TaskRegistry } from './registry.js';
export { Scheduler, type SchedulerOptions } from './scheduler.js';
export {
  type ServiceEvent,
  type ServiceListener,
  ServiceTelemetry,
  type TelemetryReport,
  type TelemetrySnapshot,
} from './service-telemetry.js';
export {
  type AnyTask,
  type BatchItem,
  type BatchTask,
  bindTasks,
  defineBatchTask,
  defineTask,
  type ItemOutcome,
  type Maker,
  type Protection,
  type Task,
} from './task.js';
export type { EnqueueOptions, TaskContext, Typed } from './task-context.js';
export { TICK_BUDGETS, type TickBudget, type TickParts, type TickReport, tick } from './tick.js';
export { AesVault, encryptionKeys } from './vault.js';
export {
  type AnalyseParts,
  analyseTask,
  type CallbackParts,
  type CommandedPromises,
  callbackTask,
  echoTask,
  type FollowParts,
  followTask,
  type MessageHandler,
  type MessageParts,
  messageTask,
  type NotifyParts,
  notifyTask,
  type ReflectParts,
  reflectTask,
  searchTask,
  type Talk,
  webhookTask,
} from './work/index.js';
