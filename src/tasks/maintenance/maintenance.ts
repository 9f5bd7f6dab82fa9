import {
  type Clock,
  HoldfastError,
  type Log,
  newId,
  parseInput,
  silentLog,
  systemClock,
} from '../../core/index.js';
import type { Database, SqlClock } from '../../db/index.js';
import {
  type MaintenanceRun,
  MaintenanceSchedule,
  type RunEnd,
  type RunTrigger,
  type Take,
} from '../../records/index.js';
import type { MaintenanceTask } from './maintenance-task.js';
import { runLimited } from './run-limit.js';
import {
  LEASE_MARGIN_MS,
  type MaintenanceSettings,
  type MaintenanceSettingsInput,
  maintenanceSettings,
} from './settings.js';
import type { TaskName } from './task-name.js';

export interface MaintenanceOptions {
  readonly system: Database;
  /** The most pressing first. */
  readonly tasks: readonly MaintenanceTask[];
  readonly settings?: MaintenanceSettingsInput;
  /** For waiting and measuring. Default the system's. */
  readonly clock?: Clock;
  /** Decides what is due. Default the database's own. */
  readonly sqlClock?: SqlClock;
  readonly log?: Log;
}

/** A finished run. `recorded` false: the system database was down, and its history does not have it. */
export type FinishedRun = MaintenanceRun & { readonly recorded: boolean };

/** What one round did. */
export interface MaintenanceRound {
  readonly runs: readonly FinishedRun[];
  /** Due tasks that this round had no time for; the next one has. */
  readonly postponed: readonly string[];
  /** What kept tasks from being taken. `task` null: the schedule itself could not be read. */
  readonly failures: readonly { readonly task: string | null; readonly error: unknown }[];
}

/** The first wait for a run of another process, what it grows by, and the longest. */
const LOOK_MS = { first: 50, factor: 1.5, max: 2_000 } as const;

/** Runners that one call of `runNow` sees die before it gives up. */
const LOST_MAX = 3;

/** A run to be carried out. `startedAt` null: it could not be taken, and goes without a record. */
interface Start {
  readonly runId: string;
  readonly trigger: RunTrigger;
  readonly startedAt: number | null;
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs maintenance. Any number of instances may work on the same databases: each
 * due task is taken by one of them, in one atomic write, for a lease.
 */
export class Maintenance {
  /** The names `runNow` takes. */
  readonly tasks: readonly TaskName[];
  readonly #tasks: ReadonlyMap<string, MaintenanceTask>;
  readonly #schedule: MaintenanceSchedule;
  readonly #settings: MaintenanceSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stopping = new AbortController();
  /** Those that the rounds do not wait for. */
  readonly #beginning = new Set<Promise<unknown>>();
  /** The runs that this instance has under way. */
  readonly #running = new Map<string, Promise<FinishedRun>>();

  /** @throws InputInvalidError naming the setting */
  constructor(options: MaintenanceOptions) {
    this.#settings = parseInput(maintenanceSettings, options.settings ?? {});
    this.#tasks = new Map(options.tasks.map((task) => [task.name, task]));
    this.tasks = options.tasks.map((task) => task.name);
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    this.#schedule = new MaintenanceSchedule(options.system, {
      deadlineMs: this.#settings.scheduleDeadlineMs,
      ...(options.sqlClock === undefined ? {} : { clock: options.sqlClock }),
    });
  }

  /**
   * One round: runs what is due, one task after the other. None is begun after
   * `budgetMs`; the last one may take its `runMsMax`. Never rejects. A task that fails does not stop the others; while the system
   * database is down, the vital ones run all the same.
   */
  async runDue(options: {
    readonly budgetMs: number;
    readonly signal?: AbortSignal;
  }): Promise<MaintenanceRound> {
    const endsAt = this.#clock.monotonic() + options.budgetMs;
    const runs: FinishedRun[] = [];
    const postponed: string[] = [];
    const failures: { task: string | null; error: unknown }[] = [];
    const { tasks, error } = await this.#due();
    const isDown = error !== undefined;
    if (isDown) failures.push({ task: null, error });
    for (const task of tasks) {
      if (this.#clock.monotonic() >= endsAt || options.signal?.aborted === true) {
        postponed.push(task.name);
        continue;
      }
      try {
        const run = this.#runIfDue(task, options.signal, isDown);
        if (task.runMsMax !== undefined) this.#beside(task, run);
        else runs.push(...[await run].filter((finished) => finished !== undefined));
      } catch (error) {
        failures.push({ task: task.name, error });
      }
    }
    return { runs, postponed, failures };
  }

  /**
   * Runs a task now, or joins the run that is under way, here or in another
   * process; resolves with the finished run. `signal` stops the run that this call
   * starts, and the waiting for another's.
   * @throws HoldfastError `not-found` for an unknown name, with the known ones;
   *   `database-…` when the system database is down and the task is not vital;
   *   `lease-lost` when one runner after the other dies
   */
  runNow(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<FinishedRun> {
    const task = this.#tasks.get(name);
    if (task === undefined) return Promise.reject(unknownTask(name, this.tasks));
    return this.#running.get(name) ?? this.#track(name, this.#runOrJoin(task, options.signal));
  }

  /** Tells what runs to stop; resolves when nothing is under way in this instance. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    while (this.#beginning.size > 0 || this.#running.size > 0) {
      await Promise.allSettled([...this.#beginning, ...this.#running.values()]);
    }
  }

  #beside(task: MaintenanceTask, run: Promise<unknown>): void {
    const begun = run
      .catch((error: unknown) =>
        this.#log.error('maintenance-not-taken', { task: task.name, error }),
      )
      .finally(() => this.#beginning.delete(begun));
    this.#beginning.add(begun);
  }

  async #due(): Promise<{ tasks: MaintenanceTask[]; error?: unknown }> {
    const tasks = [...this.#tasks.values()];
    try {
      const plan = await this.#schedule.plan(
        tasks.map(({ name, intervalMs }) => ({ task: name, intervalMs })),
      );
      const due = new Set(plan.filter((planned) => planned.due).map(({ task }) => task));
      return { tasks: tasks.filter(({ name }) => due.has(name)) };
    } catch (error) {
      this.#log.error('maintenance-schedule-unreadable', { error });
      return { tasks: tasks.filter((task) => task.vital === true), error };
    }
  }

  async #runIfDue(
    task: MaintenanceTask,
    signal: AbortSignal | undefined,
    isDown: boolean,
  ): Promise<FinishedRun | undefined> {
    if (this.#running.has(task.name)) return undefined;
    const start = { runId: newId(), trigger: 'schedule', signal } as const;
    const taken = isDown ? undefined : await this.#take(task, start);
    if (taken !== undefined && taken.state !== 'taken') return undefined;
    const startedAt = taken?.startedAt ?? null;
    return this.#track(task.name, this.#carryOut(task, { ...start, startedAt }));
  }

  async #runOrJoin(task: MaintenanceTask, signal: AbortSignal | undefined): Promise<FinishedRun> {
    for (let lost = 0; lost < LOST_MAX; lost += 1) {
      const start = { runId: newId(), trigger: 'manual', signal } as const;
      const taken = await this.#take(task, start);
      if (taken?.state === 'under-way') {
        const run = await this.#join(task.name, taken.runId, signal);
        if (run !== undefined) return { ...run, recorded: true };
      } else if (taken?.state !== 'not-due') {
        return this.#carryOut(task, { ...start, startedAt: taken?.startedAt ?? null });
      }
    }
    throw new HoldfastError('lease-lost', `${task.name}: ${LOST_MAX} runners in a row were lost`, {
      retryable: true,
    });
  }

  /** Waits for the record of a run of another process; undefined when that one was lost. */
  async #join(
    task: string,
    runId: string,
    signal: AbortSignal | undefined,
  ): Promise<MaintenanceRun | undefined> {
    const { first, factor, max } = LOOK_MS;
    // Bounded by the other runner's lease.
    for (let waitMs: number = first; ; waitMs = Math.min(waitMs * factor, max)) {
      await this.#clock.sleep(waitMs, signal);
      if (signal?.aborted === true) {
        throw new HoldfastError('cancelled', `${task}: no longer waiting for run ${runId}`);
      }
      const progress = await this.#schedule.progress(task, runId);
      if (progress.state === 'finished') return progress.run;
      if (progress.state === 'lost') return undefined;
    }
  }

  /** Undefined: the system database does not answer, and the task goes without a record. */
  async #take(
    task: MaintenanceTask,
    start: Pick<Start, 'runId' | 'trigger'>,
  ): Promise<Take | undefined> {
    const { runMsMax = 0 } = task;
    const leaseMs = Math.max(this.#settings.leaseMs, runMsMax + LEASE_MARGIN_MS);
    const { runId, trigger } = start;
    const entry = { task: task.name, intervalMs: task.intervalMs };
    try {
      return await this.#schedule.take(entry, { runId, trigger, leaseMs });
    } catch (error) {
      this.#log.error('maintenance-not-taken', { task: task.name, error });
      if (task.vital === true) return undefined;
      throw error;
    }
  }

  async #carryOut(task: MaintenanceTask, start: Start): Promise<FinishedRun> {
    const { runId, trigger, signal } = start;
    const startedAt = start.startedAt ?? this.#clock.now();
    const begunAt = this.#clock.monotonic();
    const { goesOn = false, ...end } = await runLimited(task, runId, {
      clock: this.#clock,
      limitMs: task.runMsMax ?? this.#settings.runMsMax,
      signal: AbortSignal.any([this.#stopping.signal, ...(signal === undefined ? [] : [signal])]),
    });
    const durationMs = Math.round(this.#clock.monotonic() - begunAt);
    const finishedAt = startedAt + durationMs;
    const base = { id: runId, task: task.name, trigger, startedAt, finishedAt, durationMs };
    const unrecorded: FinishedRun = { ...base, ...end, recorded: false };
    const run = start.startedAt === null ? unrecorded : await this.#record(unrecorded, end, goesOn);
    if (run.outcome === 'failed') this.#log.warn('maintenance-failed', { ...run });
    else this.#log.info('maintenance-finished', { ...run });
    return run;
  }

  async #record(unrecorded: FinishedRun, end: RunEnd, goesOn: boolean): Promise<FinishedRun> {
    const { task, id } = unrecorded;
    try {
      return { ...(await this.#schedule.finish(task, id, end, { goesOn })), recorded: true };
    } catch (error) {
      this.#log.error('maintenance-not-recorded', { task, runId: id, error });
      return unrecorded;
    }
  }

  #track(name: string, run: Promise<FinishedRun>): Promise<FinishedRun> {
    const tracked = run.finally(() => {
      if (this.#running.get(name) === tracked) this.#running.delete(name);
    });
    this.#running.set(name, tracked);
    return tracked;
  }
}

function unknownTask(name: string, tasks: readonly string[]): HoldfastError {
  const message = `no maintenance task "${name}"; there are ${tasks.join(', ')}`;
  return new HoldfastError('not-found', message, { details: { tasks } });
}
