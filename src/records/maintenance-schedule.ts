import { HoldfastError } from '../core/index.js';
import { type Database, databaseClock, NOW, type Row, type SqlClock } from '../db/index.js';
import type { MaintenanceRun, RunEnd, RunTrigger } from './maintenance-run.js';
import { runOf, SELECT_RUNS } from './maintenance-runs.js';
import { numberOf, numberOrNull, textOf } from './row.js';

/** A task and how often it is due. */
export interface ScheduleEntry {
  readonly task: string;
  /** Null: it runs on request only. */
  readonly intervalMs: number | null;
}

export interface PlannedTask extends ScheduleEntry {
  readonly nextDueAt: number | null;
  /** Its time has come, or the lease of the run under way is over. */
  readonly due: boolean;
}

/** What came of asking for a task. */
export type Take =
  | { readonly state: 'taken'; readonly startedAt: number }
  | { readonly state: 'under-way'; readonly runId: string }
  | { readonly state: 'not-due' };

/** How far a run is. `lost`: its lease is over, and nobody has recorded it. */
export type RunProgress =
  | { readonly state: 'finished'; readonly run: MaintenanceRun }
  | { readonly state: 'under-way' }
  | { readonly state: 'lost' };

/** Whole minutes, so that a tick a minute meets every due time whatever its jitter. */
const GRID_MS = 60_000;

const DUE = `iif(run_id IS NULL, next_due_at <= ${NOW}, run_lease_expires_at <= ${NOW})`;

/** `?2` is a JSON array of [task, interval]. A new task is due at once. */
const ADOPT = `
INSERT INTO maintenance_schedule (task, interval_ms, next_due_at)
SELECT value ->> 0, value ->> 1, iif(value ->> 1 IS NULL, NULL, ${NOW} - ${NOW} % ${GRID_MS})
FROM json_each(?2) WHERE true
ON CONFLICT (task) DO UPDATE SET interval_ms = excluded.interval_ms,
  next_due_at = iif(excluded.interval_ms IS NULL, NULL,
    min(coalesce(next_due_at, excluded.next_due_at), ${NOW} + excluded.interval_ms))
WHERE maintenance_schedule.interval_ms IS NOT excluded.interval_ms`;

const SELECT_PLAN = `
SELECT task, interval_ms, next_due_at, ${DUE} AS due FROM maintenance_schedule`;

/** A run whose runner was lost gets its record from whoever comes next. */
const RECORD_LOST = `
INSERT INTO maintenance_runs (id, task, trigger, started_at, finished_at, outcome, counts, error)
SELECT run_id, task, run_trigger, run_started_at, run_lease_expires_at, 'failed', '{}',
  json_object('code', 'lease-expired', 'message', 'the runner was lost: its lease ended without a record')
FROM maintenance_schedule
WHERE task = ?2 AND run_id <> ?3 AND run_lease_expires_at <= ${NOW}
ON CONFLICT (id) DO NOTHING`;

/**
 * The take itself. A lost run must have its record first: its lease may end
 * between the two statements. Due times stay on their grid; missed ones are left out.
 */
const TAKE = `
UPDATE maintenance_schedule SET run_id = ?3, run_trigger = ?5, run_started_at = ${NOW},
  run_lease_expires_at = ${NOW} + ?4,
  next_due_at = iif(next_due_at <= ${NOW},
    next_due_at + ((${NOW} - next_due_at) / interval_ms + 1) * interval_ms, next_due_at)
WHERE task = ?2 AND (?5 = 'manual' OR ${DUE}) AND (run_id IS NULL OR (
  run_lease_expires_at <= ${NOW} AND EXISTS (SELECT 1 FROM maintenance_runs WHERE id = run_id)
))`;

const SELECT_UNDER_WAY = `
SELECT run_id, run_started_at FROM maintenance_schedule WHERE task = ?1 AND run_id IS NOT NULL`;

/** The lease is checked by the run's id: once another run is under way, this one records nothing. */
const RECORD = `
INSERT INTO maintenance_runs
  (id, task, trigger, started_at, finished_at, outcome, counts, reason, error)
SELECT run_id, task, run_trigger, run_started_at, max(${NOW}, run_started_at), ?4, ?5, ?6, ?7
FROM maintenance_schedule WHERE task = ?2 AND run_id = ?3
ON CONFLICT (id) DO NOTHING`;

/** `?4`: there is more to do, and the next tick goes on. */
const RELEASE = `
UPDATE maintenance_schedule SET run_id = NULL, run_trigger = NULL, run_started_at = NULL,
  run_lease_expires_at = NULL,
  next_due_at = iif(?4, min(next_due_at, ${NOW} - ${NOW} % ${GRID_MS}), next_due_at)
WHERE task = ?2 AND run_id = ?3`;

const SELECT_RUN = `${SELECT_RUNS} WHERE id = ?1`;

const SELECT_LEASE = `
SELECT run_lease_expires_at > ${NOW} AS held FROM maintenance_schedule WHERE task = ?2 AND run_id = ?3`;

const SELECT_LAST_RUNS = `
${SELECT_RUNS} WHERE id IN (
  SELECT (
    SELECT max(r.id) FROM maintenance_runs r INDEXED BY maintenance_runs_by_task
    WHERE r.task = schedule.task
  ) FROM maintenance_schedule schedule
)`;

/**
 * Who runs what, when. Every write can be sent again: a run is known by its id,
 * and has one record whatever happens to its runner.
 */
export class MaintenanceSchedule {
  readonly #database: Database;
  readonly #clock: SqlClock;
  readonly #deadlineMs: number;

  constructor(
    database: Database,
    options: {
      readonly clock?: SqlClock;
      /** The longest wait for the database when asking, in milliseconds. Default 5,000. */
      readonly deadlineMs?: number;
    } = {},
  ) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
    this.#deadlineMs = options.deadlineMs ?? 5_000;
  }

  /** Tells what is due of `entries`. Writes only when one is new or its interval has changed. */
  async plan(entries: readonly ScheduleEntry[]): Promise<PlannedTask[]> {
    const options = { label: 'maintenance-schedule.plan', deadlineMs: this.#deadlineMs };
    const select = { sql: SELECT_PLAN, args: [this.#clock()] };
    const [found] = await this.#database.read([select], options);
    const known = planOf(found?.rows, entries);
    if (known.length === entries.length) return known;
    const adopt = { sql: ADOPT, args: [this.#clock(), adoptArg(entries)] };
    const [, adopted] = await this.#database.write([adopt, select], {
      ...options,
      idempotent: true,
    });
    return planOf(adopted?.rows, entries);
  }

  /** Takes a task for `leaseMs`: for `schedule` only when it is due, for `manual` whenever it is free. */
  async take(
    entry: ScheduleEntry,
    run: { readonly runId: string; readonly trigger: RunTrigger; readonly leaseMs: number },
  ): Promise<Take> {
    const args = [this.#clock(), entry.task, run.runId];
    const results = await this.#database.write(
      [
        { sql: ADOPT, args: [this.#clock(), adoptArg([entry])] },
        { sql: RECORD_LOST, args },
        { sql: TAKE, args: [...args, run.leaseMs, run.trigger] },
        { sql: SELECT_UNDER_WAY, args: [entry.task] },
      ],
      { label: 'maintenance-schedule.take', deadlineMs: this.#deadlineMs, idempotent: true },
    );
    const row = results.at(-1)?.rows[0];
    if (row === undefined) return { state: 'not-due' };
    const runId = textOf(row, 'run_id');
    if (runId !== run.runId) return { state: 'under-way', runId };
    return { state: 'taken', startedAt: numberOf(row, 'run_started_at') };
  }

  /**
   * Records a run and frees its task; one that `goesOn` is due again with the next tick.
   * Returns the run's one record: its own, or the one that a successor made when the
   * lease was lost.
   * @throws HoldfastError `lease-lost` when that record is gone
   */
  async finish(
    task: string,
    runId: string,
    end: RunEnd,
    { goesOn = false }: { readonly goesOn?: boolean } = {},
  ): Promise<MaintenanceRun> {
    const reason = end.outcome === 'skipped' ? end.reason : null;
    const error = end.outcome === 'failed' ? JSON.stringify(end.error) : null;
    const record = [end.outcome, JSON.stringify(end.counts), reason, error];
    const results = await this.#database.write(
      [
        { sql: RECORD, args: [this.#clock(), task, runId, ...record] },
        { sql: RELEASE, args: [this.#clock(), task, runId, Number(goesOn)] },
        { sql: SELECT_RUN, args: [runId] },
      ],
      { label: 'maintenance-schedule.finish', idempotent: true },
    );
    const row = results.at(-1)?.rows[0];
    if (row !== undefined) return runOf(row);
    throw new HoldfastError('lease-lost', `${task}: another runner has taken the run over`);
  }

  /** How far a run is, here or in another process. */
  async progress(task: string, runId: string): Promise<RunProgress> {
    const statements = [
      { sql: SELECT_RUN, args: [runId] },
      { sql: SELECT_LEASE, args: [this.#clock(), task, runId] },
    ];
    const options = { label: 'maintenance-schedule.progress', deadlineMs: this.#deadlineMs };
    // A stale read would take a live runner for a lost one: ask the primary.
    const [found, lease] = this.#database.capabilities.staleReads
      ? await this.#database.write(statements, { ...options, idempotent: true })
      : await this.#database.read(statements, options);
    const row = found?.rows[0];
    if (row !== undefined) return { state: 'finished', run: runOf(row) };
    return { state: lease?.rows[0]?.held === 1 ? 'under-way' : 'lost' };
  }

  /** Next due time and last run of every task that was ever planned, by its name. */
  async overview(): Promise<
    Map<string, { nextDueAt: number | null; lastRun: MaintenanceRun | null }>
  > {
    const [plan, last] = await this.#database.read(
      [{ sql: SELECT_PLAN, args: [this.#clock()] }, { sql: SELECT_LAST_RUNS }],
      { label: 'maintenance-schedule.overview', deadlineMs: this.#deadlineMs },
    );
    const runs = new Map((last?.rows ?? []).map((row) => [textOf(row, 'task'), runOf(row)]));
    return new Map(
      (plan?.rows ?? []).map((row) => {
        const task = textOf(row, 'task');
        return [
          task,
          { nextDueAt: numberOrNull(row, 'next_due_at'), lastRun: runs.get(task) ?? null },
        ];
      }),
    );
  }
}

function adoptArg(entries: readonly ScheduleEntry[]): string {
  return JSON.stringify(entries.map(({ task, intervalMs }) => [task, intervalMs]));
}

/** The rows of `entries` that are as wanted. */
function planOf(
  rows: readonly Row[] | undefined,
  entries: readonly ScheduleEntry[],
): PlannedTask[] {
  const wanted = new Map(entries.map(({ task, intervalMs }) => [task, intervalMs]));
  return (rows ?? [])
    .map((row) => ({
      task: textOf(row, 'task'),
      intervalMs: numberOrNull(row, 'interval_ms'),
      nextDueAt: numberOrNull(row, 'next_due_at'),
      due: row.due === 1,
    }))
    .filter(({ task, intervalMs }) => wanted.get(task) === intervalMs);
}
