export type { Backups } from './backup.js';
export { type MaintenanceSubjects, maintenanceTasks } from './catalogue.js';
export type { CheckpointFigures } from './checkpoint.js';
export type { HealthAlert } from './health.js';
export {
  type FinishedRun,
  Maintenance,
  type MaintenanceOptions,
  type MaintenanceRound,
} from './maintenance.js';
export type { MaintenanceTask, RunContext } from './maintenance-task.js';
export {
  MAINTENANCE_DEFAULTS,
  type MaintenanceSettings,
  type MaintenanceSettingsInput,
  maintenanceSettings,
} from './settings.js';
export { TASK_NAMES, type TaskName } from './task-name.js';
