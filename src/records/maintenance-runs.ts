import { type Database, databaseClock, NOW, type Row, type SqlClock } from '../db/index.js';
import type { MaintenanceRun, RunCounts, RunEnd, RunError, RunTrigger } from './maintenance-run.js';
import { type Page, type PageAsk, pageBounds, pageOf } from './page.js';
import { jsonOf, numberOf, textOf } from './row.js';
import { pruneSlice, SLICE_MAX } from './slice.js';

/** Followed by WHERE. */
export const SELECT_RUNS = `
SELECT id, task, trigger, started_at, finished_at, outcome, counts, reason, error
FROM maintenance_runs`;

const SELECT_ONE = `${SELECT_RUNS} WHERE id = ?1`;

const SELECT_PAGE = `${SELECT_RUNS} WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2`;

const SELECT_PAGE_OF_TASK = `
${SELECT_RUNS} INDEXED BY maintenance_runs_by_task
WHERE task = ?3 AND (?1 IS NULL OR id < ?1) ORDER BY id DESC LIMIT ?2`;

const PRUNE = `
DELETE FROM maintenance_runs WHERE id IN (
  SELECT id FROM maintenance_runs INDEXED BY maintenance_runs_by_age
  WHERE finished_at < ${NOW} - ?2 ORDER BY finished_at LIMIT ?3
)`;

/** The history of maintenance. Rows are written by `MaintenanceSchedule` alone, with the lease in its hand. */
export class MaintenanceRuns {
  readonly #database: Database;
  readonly #clock: SqlClock;

  constructor(database: Database, options: { readonly clock?: SqlClock } = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
  }

  async get(id: string): Promise<MaintenanceRun | undefined> {
    const [found] = await this.#database.read([{ sql: SELECT_ONE, args: [id] }], {
      label: 'maintenance-runs.get',
    });
    const row = found?.rows[0];
    return row === undefined ? undefined : runOf(row);
  }

  /**
   * Newest first, of one task or of all.
   * @throws InputInvalidError naming the limit or the cursor
   */
  async list(ask: PageAsk & { readonly task?: string } = {}): Promise<Page<MaintenanceRun>> {
    const { task, ...rest } = ask;
    const { limit, rows, before } = pageBounds(rest);
    const statement =
      task === undefined
        ? { sql: SELECT_PAGE, args: [before, rows] }
        : { sql: SELECT_PAGE_OF_TASK, args: [before, rows, task] };
    const [found] = await this.#database.read([statement], { label: 'maintenance-runs.list' });
    return pageOf((found?.rows ?? []).map(runOf), limit);
  }

  /** Deletes one slice of runs that finished more than `olderThanMs` ago; returns how many. */
  prune(options: { readonly olderThanMs: number; readonly limit?: number }): Promise<number> {
    const { olderThanMs, limit = SLICE_MAX } = options;
    const args = { clock: this.#clock, olderThanMs, limit };
    return pruneSlice(this.#database, 'maintenance-runs.prune', PRUNE, args);
  }
}

/** A row of `SELECT_RUNS`. */
export function runOf(row: Row): MaintenanceRun {
  const startedAt = numberOf(row, 'started_at');
  const finishedAt = numberOf(row, 'finished_at');
  return {
    id: textOf(row, 'id'),
    task: textOf(row, 'task'),
    trigger: textOf(row, 'trigger') as RunTrigger,
    startedAt,
    finishedAt,
    durationMs: finishedAt - startedAt,
    ...endOf(row),
  };
}

function endOf(row: Row): RunEnd {
  const counts = jsonOf<RunCounts>(row, 'counts');
  const outcome = textOf(row, 'outcome') as RunEnd['outcome'];
  switch (outcome) {
    case 'completed':
      return { outcome, counts };
    case 'skipped':
      return { outcome, counts, reason: textOf(row, 'reason') };
    case 'failed':
      return { outcome, counts, error: jsonOf<RunError>(row, 'error') };
  }
}
