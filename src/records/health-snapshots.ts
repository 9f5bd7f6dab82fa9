import type { Json } from '../core/index.js';
import { type Database, databaseClock, NOW, type Row, type SqlClock } from '../db/index.js';
import type { HealthSnapshot, HealthStatus } from './health-snapshot.js';
import { type Page, type PageAsk, pageBounds, pageOf } from './page.js';
import { jsonOf, numberOf, textOf } from './row.js';
import { pruneSlice, SLICE_MAX } from './slice.js';

const INSERT = `
INSERT INTO health_snapshots (id, taken_at, status, report)
SELECT ?2, ${NOW}, ?3, ?4 WHERE EXISTS (SELECT 1 FROM maintenance_schedule WHERE run_id = ?2)
ON CONFLICT (id) DO NOTHING`;

const SELECT_PAGE = `
SELECT id, taken_at, status, report FROM health_snapshots
WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2`;

const PRUNE = `
DELETE FROM health_snapshots WHERE id IN (
  SELECT id FROM health_snapshots INDEXED BY health_snapshots_by_age
  WHERE taken_at < ${NOW} - ?2 ORDER BY taken_at LIMIT ?3
)`;

/** The history of health. */
export class HealthSnapshots {
  readonly #database: Database;
  readonly #clock: SqlClock;

  constructor(database: Database, options: { readonly clock?: SqlClock } = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
  }

  /**
   * Keeps the report of a maintenance run, under the run's id: once, and only
   * while the run holds its lease, so that a lost runner adds nothing beside its
   * successor.
   */
  async add(snapshot: {
    readonly runId: string;
    readonly status: HealthStatus;
    /** What JSON can hold. */
    readonly report: object;
  }): Promise<void> {
    const args = [this.#clock(), snapshot.runId, snapshot.status, JSON.stringify(snapshot.report)];
    await this.#database.write([{ sql: INSERT, args }], {
      label: 'health-snapshots.add',
      idempotent: true,
    });
  }

  async latest(): Promise<HealthSnapshot | undefined> {
    return (await this.list({ limit: 1 })).data[0];
  }

  /**
   * Newest first.
   * @throws InputInvalidError naming the limit or the cursor
   */
  async list(ask: PageAsk = {}): Promise<Page<HealthSnapshot>> {
    const { limit, rows, before } = pageBounds(ask);
    const [found] = await this.#database.read([{ sql: SELECT_PAGE, args: [before, rows] }], {
      label: 'health-snapshots.list',
    });
    return pageOf((found?.rows ?? []).map(snapshotOf), limit);
  }

  /** Deletes one slice of snapshots taken more than `olderThanMs` ago; returns how many. */
  prune(options: { readonly olderThanMs: number; readonly limit?: number }): Promise<number> {
    const { olderThanMs, limit = SLICE_MAX } = options;
    const args = { clock: this.#clock, olderThanMs, limit };
    return pruneSlice(this.#database, 'health-snapshots.prune', PRUNE, args);
  }
}

function snapshotOf(row: Row): HealthSnapshot {
  return {
    id: textOf(row, 'id'),
    takenAt: numberOf(row, 'taken_at'),
    status: textOf(row, 'status') as HealthStatus,
    report: jsonOf<Json>(row, 'report'),
  };
}
