import { parseInput } from '../../core/index.js';
import type { Database, SqlClock } from '../../db/index.js';
import { Answers, EventLog, type PromiseStore, Schedules } from '../../promises/index.js';
import {
  ApiKeys,
  AuditLog,
  HealthSnapshots,
  Insights,
  MaintenanceRuns,
  Messages,
  TelemetryHistory,
} from '../../records/index.js';
import type { HealthReporter } from '../health-report.js';
import type { Inbox } from '../inbox.js';
import { type AnalysisParts, analysisTask } from './analysis.js';
import { type Backups, backupTask } from './backup.js';
import { checkpointTask } from './checkpoint.js';
import { cleanupTask } from './cleanup.js';
import { cleanupMessagesTask } from './cleanup-messages.js';
import { type HealthAlert, healthTask } from './health.js';
import type { MaintenanceTask } from './maintenance-task.js';
import { recoveryTask } from './recovery.js';
import { type MaintenanceSettingsInput, maintenanceSettings } from './settings.js';
import { sweepMessagesTask } from './sweep-messages.js';
import { syncTask } from './sync.js';
import { vacuumTask } from './vacuum.js';

/** What maintenance works on. */
export interface MaintenanceSubjects {
  readonly queue: Database;
  readonly system: Database;
  readonly promises: Pick<PromiseStore, 'recover' | 'recoverWaiting' | 'prune'>;
  readonly health: Pick<HealthReporter, 'report'>;
  /** Tells people when health changes. Default nobody is told. */
  readonly alert?: HealthAlert | undefined;
  /** Without it nothing is swept. */
  readonly inbox?: Pick<Inbox, 'sweep'>;
  /** Without it nothing is analysed. */
  readonly analysis?: Omit<AnalysisParts, 'insights' | 'sqlClock'>;
  /** Without it no backups are taken. */
  readonly backups?: Backups | undefined;
  /** Default the database's own clock. */
  readonly sqlClock?: SqlClock;
}

/**
 * Every maintenance task, the most pressing first: a round that runs out of time
 * leaves the last ones to the next.
 * @throws InputInvalidError naming the setting
 */
export function maintenanceTasks(
  subjects: MaintenanceSubjects,
  settings: MaintenanceSettingsInput = {},
): readonly MaintenanceTask[] {
  const { queue, system, promises, health, alert, inbox, analysis, backups, sqlClock } = subjects;
  const parsed = parseInput(maintenanceSettings, settings);
  const clock = sqlClock === undefined ? {} : { clock: sqlClock };
  const runs = new MaintenanceRuns(system, clock);
  const snapshots = new HealthSnapshots(system, clock);
  const events = new EventLog(queue, clock);
  const occurrences = new Schedules(queue, clock);
  const answers = new Answers(queue, clock);
  const keys = new ApiKeys(system, clock);
  const audit = new AuditLog(system, clock);
  const insights = new Insights(system, clock);
  const telemetry = new TelemetryHistory(system, clock);
  const databases = [queue, system];
  return [
    recoveryTask(promises, parsed),
    syncTask(databases, parsed.syncIntervalMs),
    checkpointTask(databases, parsed.checkpointIntervalMs),
    ...(inbox === undefined ? [] : [sweepMessagesTask(inbox, parsed.sweepMessagesIntervalMs)]),
    healthTask({ health, snapshots, alert }, parsed.healthIntervalMs),
    cleanupTask(
      { promises, events, occurrences, answers, keys, audit, runs, snapshots, insights, telemetry },
      parsed,
    ),
    cleanupMessagesTask(new Messages(system, clock), parsed),
    ...(analysis === undefined
      ? []
      : [analysisTask({ ...analysis, insights, sqlClock }, parsed.analysisIntervalMs)]),
    vacuumTask(databases, parsed.vacuumIntervalMs),
    ...(backups === undefined ? [] : [backupTask(backups)]),
  ];
}
