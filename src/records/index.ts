export { HEALTH_STATUSES, type HealthSnapshot, type HealthStatus } from './health-snapshot.js';
export { HealthSnapshots } from './health-snapshots.js';
export {
  type MaintenanceRun,
  RUN_OUTCOMES,
  RUN_TRIGGERS,
  type RunCounts,
  type RunEnd,
  type RunError,
  type RunTrigger,
} from './maintenance-run.js';
export { MaintenanceRuns } from './maintenance-runs.js';
export {
  MaintenanceSchedule,
  type PlannedTask,
  type RunProgress,
  type ScheduleEntry,
  type Take,
} from './maintenance-schedule.js';
export type {
  Message,
  MessageKind,
  MessageStatus,
  NewMessage,
} from './message.js';
export { Messages } from './messages.js';
export type { Page, PageAsk } from './page.js';
export { recordMigrations } from './schema.js';
