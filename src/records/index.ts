export {
  type ApiKey,
  type FoundKey,
  KEY_SCOPES,
  type KeyScope,
  type NewApiKey,
  type RateLimit,
} from './api-key.js';
export { ApiKeys, type KeyMark } from './api-keys.js';
export { type AuditEntry, AuditLog } from './audit-log.js';
export { HEALTH_STATUSES, type HealthSnapshot, type HealthStatus } from './health-snapshot.js';
export { HealthSnapshots } from './health-snapshots.js';
export { INSIGHT_KINDS, type Insight, type InsightKind, type NewInsight } from './insight.js';
export { Insights } from './insights.js';
export { digestOfKey, inspectKeySecret, makeKeySecret } from './key-secret.js';
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
export {
  MESSAGE_KINDS,
  MESSAGE_STATUSES,
  type Message,
  type MessageKind,
  type MessageStatus,
  type NewMessage,
  newMessage,
} from './message.js';
export { Messages } from './messages.js';
export type { Page, PageAsk } from './page.js';
export { recordMigrations } from './schema.js';
export {
  type HistoryAsk,
  TelemetryHistory,
  type TelemetryHistoryPage,
} from './telemetry-history.js';
export {
  type DatabasePoint,
  type LinePoint,
  type TelemetryPoint,
  telemetryPoint,
} from './telemetry-point.js';
