import { z } from 'zod';
import { type Clock, parseInput, systemClock } from '../core/index.js';
import type { Database, SqlClock, Verification } from '../db/index.js';
import type { PromiseStore, QueueFigures } from '../promises/index.js';
import {
  HealthSnapshots,
  type HealthStatus,
  type MaintenanceRun,
  MaintenanceRuns,
  MaintenanceSchedule,
} from '../records/index.js';
import { type DatabaseHealth, databaseHealth } from './database-health.js';
import {
  assessHealth,
  type HealthAssessment,
  type HealthThresholds,
  healthThresholds,
} from './health-state.js';
import { TASK_NAMES, type TaskName } from './maintenance/task-name.js';
import { Probe } from './probe.js';
import { NOTHING_KNOWN, type QueueHealth, queueOfLook, queueOfSnapshot } from './queue-health.js';

export const HEALTH_DEFAULTS = { timeoutMs: 2_000 } as const;

const healthSettings = z.strictObject({
  /** The longest wait for each look at a database, in milliseconds, at least 1. Default 2 s. */
  timeoutMs: z.int().min(1).default(HEALTH_DEFAULTS.timeoutMs),
});

export interface TaskHealth {
  readonly task: TaskName;
  readonly lastRun: MaintenanceRun | null;
  /** Null when it runs on request only, or nothing is known. */
  readonly nextDueAt: number | null;
}

/** The answer of `GET /v1/health`. Instants are milliseconds since the epoch. */
export interface HealthReport extends HealthAssessment {
  readonly status: HealthStatus;
  /** Why it is degraded; empty when it is not. */
  readonly reasons: readonly string[];
  readonly checkedAt: number;
  readonly queue: QueueHealth;
  readonly databases: readonly DatabaseHealth[];
  readonly maintenance: readonly TaskHealth[];
}

export interface HealthReporterOptions {
  readonly queue: Database;
  readonly system: Database;
  readonly promises: Pick<PromiseStore, 'figures'>;
  readonly settings?: z.input<typeof healthSettings>;
  /** Each has its default in `HEALTH_THRESHOLDS`. */
  readonly thresholds?: z.input<typeof healthThresholds>;
  /** Default the system's. */
  readonly clock?: Clock;
  /** Default the database's own. */
  readonly sqlClock?: SqlClock;
}

/** Checkpoint runs looked through for the last one of each database that went well. */
const CHECKPOINT_RUNS = 10;

interface History {
  readonly overview: Awaited<ReturnType<MaintenanceSchedule['overview']>>;
  readonly checkpoints: readonly MaintenanceRun[];
}

/** Tells how the service is. Always answers, in bounded time, whatever the databases do. */
export class HealthReporter {
  readonly #databases: readonly [queue: Database, system: Database];
  readonly #clock: Clock;
  readonly #thresholds: HealthThresholds;
  readonly #figures: Probe<QueueFigures>;
  readonly #queueSettings: Probe<Verification>;
  readonly #systemSettings: Probe<Verification>;
  readonly #history: Probe<History>;
  readonly #snapshot: Probe<QueueHealth | undefined>;

  /** @throws InputInvalidError naming the setting */
  constructor(options: HealthReporterOptions) {
    const { queue, system, promises, sqlClock } = options;
    const { timeoutMs } = parseInput(healthSettings, options.settings ?? {});
    this.#thresholds = parseInput(healthThresholds, options.thresholds ?? {});
    this.#clock = options.clock ?? systemClock;
    const bounds = { clock: this.#clock, timeoutMs };
    const stored = sqlClock === undefined ? {} : { clock: sqlClock };
    const schedule = new MaintenanceSchedule(system, { ...stored, deadlineMs: timeoutMs });
    const runs = new MaintenanceRuns(system, stored);
    const snapshots = new HealthSnapshots(system, stored);
    this.#databases = [queue, system];
    this.#figures = new Probe(() => promises.figures(), bounds);
    this.#queueSettings = new Probe(() => queue.verify(), bounds);
    this.#systemSettings = new Probe(() => system.verify(), bounds);
    this.#history = new Probe(async () => {
      const last = runs.list({ task: 'checkpoint', limit: CHECKPOINT_RUNS });
      const [overview, { data }] = await Promise.all([schedule.overview(), last]);
      return { overview, checkpoints: data };
    }, bounds);
    this.#snapshot = new Probe(async () => queueOfSnapshot(await snapshots.latest()), bounds);
  }

  async report(): Promise<HealthReport> {
    const [figures, queueSettings, systemSettings, history] = await Promise.all([
      this.#figures.look(),
      this.#queueSettings.look(),
      this.#systemSettings.look(),
      this.#history.look(),
    ]);
    const [queue, system] = this.#databases;
    const known = history.ok ? history.value : history.last?.value;
    const checkpoints = known?.checkpoints ?? [];
    const databases = [
      databaseHealth(queue, queueSettings, figures, checkpoints),
      databaseHealth(system, systemSettings, history, checkpoints),
    ];
    const reasons = databases.flatMap(({ name, ok, error }) =>
      ok || error === undefined ? [] : [`${name}: ${error.code}: ${error.message}`],
    );
    const report = {
      status: reasons.length === 0 ? ('ok' as const) : ('degraded' as const),
      reasons,
      checkedAt: this.#clock.now(),
      queue: queueOfLook(figures) ?? (await this.#queueOfLastSnapshot()),
      databases,
      maintenance: TASK_NAMES.map((task) => {
        const { lastRun = null, nextDueAt = null } = known?.overview.get(task) ?? {};
        return { task, lastRun, nextDueAt };
      }),
    };
    return { ...report, ...assessHealth(report, this.#thresholds) };
  }

  /** What any process saw last: this one has seen nothing yet, as every Worker's first look. */
  async #queueOfLastSnapshot(): Promise<QueueHealth> {
    const snapshot = await this.#snapshot.look();
    return (snapshot.ok ? snapshot.value : undefined) ?? NOTHING_KNOWN;
  }
}
