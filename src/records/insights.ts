import type { Json } from '../core/index.js';
import { type Database, databaseClock, NOW, type Row, type SqlClock } from '../db/index.js';
import type { Insight, InsightKind, NewInsight } from './insight.js';
import { type Page, type PageAsk, pageBounds, pageOf } from './page.js';
import { jsonOf, numberOf, textOf } from './row.js';
import { pruneSlice, SLICE_MAX } from './slice.js';

const COLUMNS = 'id, kind, title, text, data, period_from, period_to, at';

/** `?2` is [[id, kind, title, text, data, from, to], …]; `?3` a maintenance run that must be under way, or null. */
const INSERT = `
INSERT INTO insights (${COLUMNS})
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, ${NOW}
FROM json_each(?2)
WHERE ?3 IS NULL OR EXISTS (SELECT 1 FROM maintenance_schedule WHERE run_id = ?3)
ON CONFLICT (id) DO NOTHING`;

const SELECT_PAGE = `
SELECT ${COLUMNS} FROM insights WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2`;

const SELECT_PAGE_OF_KIND = `
SELECT ${COLUMNS} FROM insights INDEXED BY insights_by_kind
WHERE kind = ?3 AND (?1 IS NULL OR id < ?1) ORDER BY id DESC LIMIT ?2`;

const PRUNE = `
DELETE FROM insights WHERE id IN (
  SELECT id FROM insights INDEXED BY insights_by_age WHERE at < ${NOW} - ?2 ORDER BY at LIMIT ?3
)`;

/** What was found out about what the service does. */
export class Insights {
  readonly #database: Database;
  readonly #clock: SqlClock;

  constructor(database: Database, options: { readonly clock?: SqlClock } = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
  }

  /**
   * Keeps insights, in one write. Sent again it changes nothing.
   * @param runId of the maintenance run that found them: a run that has lost its lease adds nothing
   */
  async add(found: readonly NewInsight[], runId: string | null = null): Promise<void> {
    const rows = found.map(({ id, kind, title, text, data, from, to }) => [
      id,
      kind,
      title,
      text,
      JSON.stringify(data),
      from,
      to,
    ]);
    const args = [this.#clock(), JSON.stringify(rows), runId];
    await this.#database.write([{ sql: INSERT, args }], {
      label: 'insights.add',
      idempotent: true,
    });
  }

  /**
   * Newest first, of one kind or of all.
   * @throws InputInvalidError naming the limit or the cursor
   */
  async list(ask: PageAsk & { readonly kind?: InsightKind } = {}): Promise<Page<Insight>> {
    const { kind, ...rest } = ask;
    const { limit, rows, before } = pageBounds(rest);
    const statement =
      kind === undefined
        ? { sql: SELECT_PAGE, args: [before, rows] }
        : { sql: SELECT_PAGE_OF_KIND, args: [before, rows, kind] };
    const [found] = await this.#database.read([statement], { label: 'insights.list' });
    return pageOf((found?.rows ?? []).map(insightOf), limit);
  }

  /** Deletes one slice of insights older than `olderThanMs`; returns how many. */
  prune(options: { readonly olderThanMs: number; readonly limit?: number }): Promise<number> {
    const { olderThanMs, limit = SLICE_MAX } = options;
    const args = { clock: this.#clock, olderThanMs, limit };
    return pruneSlice(this.#database, 'insights.prune', PRUNE, args);
  }
}

function insightOf(row: Row): Insight {
  return {
    id: textOf(row, 'id'),
    kind: textOf(row, 'kind') as InsightKind,
    title: textOf(row, 'title'),
    text: textOf(row, 'text'),
    data: jsonOf<Json>(row, 'data'),
    from: numberOf(row, 'period_from'),
    to: numberOf(row, 'period_to'),
    at: numberOf(row, 'at'),
  };
}
