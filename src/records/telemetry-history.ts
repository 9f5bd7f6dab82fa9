import { z } from 'zod';
import { newId, parseInput } from '../core/index.js';
import { type Database, databaseClock, NOW, type Row, type SqlClock } from '../db/index.js';
import { numberOf, textOf } from './row.js';
import { mergePoints, type TelemetryPoint } from './telemetry-point.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Points of each step are kept so long, and then made into one of the next step, or deleted. */
const TELEMETRY_STEPS = [
  { stepMs: MINUTE_MS, keepMs: DAY_MS },
  { stepMs: HOUR_MS, keepMs: 31 * DAY_MS },
  { stepMs: DAY_MS, keepMs: 730 * DAY_MS },
] as const;

/** Points of one answer, and rows of one read: a row is some kilobytes. */
const POINTS_MAX = 1_500;
const PAGE_ROWS = 500;

/** `?2` id, `?3` step, `?4` point. */
const INSERT = `
INSERT INTO telemetry_points (id, step_ms, at, point)
SELECT ?2, ?3, ${NOW} / ?3 * ?3, ?4 WHERE true
ON CONFLICT (id) DO NOTHING`;

const SELECT_PAGE = `
SELECT id, at, point FROM telemetry_points INDEXED BY telemetry_points_by_time
WHERE at >= ?1 AND at < ?2 AND (at, id) > (?3, ?4) ORDER BY at, id LIMIT ${PAGE_ROWS}`;

/** The oldest row of `?2` that is older than `?3`, and all that go into the same row of step `?4`. */
const SELECT_TO_THIN = `
SELECT id, at, point FROM telemetry_points INDEXED BY telemetry_points_by_step, (
  SELECT min(at) / ?4 * ?4 AS start FROM telemetry_points INDEXED BY telemetry_points_by_step
  WHERE step_ms = ?2 AND at < ${NOW} / ?4 * ?4 - ?3
) oldest
WHERE step_ms = ?2 AND at >= oldest.start AND at < oldest.start + ?4 LIMIT ${PAGE_ROWS}`;

/** While all of `?5` are there: who comes second adds nothing. */
const INSERT_THINNED = `
INSERT INTO telemetry_points (id, step_ms, at, point)
SELECT ?1, ?2, ?3, ?4 WHERE json_array_length(?5) = (
  SELECT count(*) FROM telemetry_points WHERE id IN (SELECT value FROM json_each(?5))
)
ON CONFLICT (id) DO NOTHING`;

const DELETE_THINNED = `
DELETE FROM telemetry_points WHERE id IN (SELECT value FROM json_each(?2))
  AND EXISTS (SELECT 1 FROM telemetry_points WHERE id = ?1)`;

const DELETE_OLD = `
DELETE FROM telemetry_points WHERE id IN (
  SELECT id FROM telemetry_points INDEXED BY telemetry_points_by_step
  WHERE step_ms = ?2 AND at < ${NOW} - ?3 LIMIT ${PAGE_ROWS}
)`;

const historyAsk = z
  .strictObject({
    /** Milliseconds since the epoch. */
    from: z.number(),
    to: z.number(),
    /** At least a minute. Default a minute for a day, an hour for a month, else a day. */
    stepMs: z.int().min(MINUTE_MS).optional(),
  })
  .refine(({ from, to }) => to > from, { path: ['to'], error: 'must be after from' })
  .transform((ask) => ({ ...ask, stepMs: ask.stepMs ?? stepFor(ask.to - ask.from) }))
  .refine(({ from, to, stepMs }) => (to - from) / stepMs <= POINTS_MAX, {
    path: ['step'],
    error: `must leave at most ${POINTS_MAX} points between from and to`,
  });

export type HistoryAsk = z.input<typeof historyAsk>;

export interface TelemetryHistoryPage {
  readonly stepMs: number;
  /** Oldest first; a step in which nobody noted anything is missing. `at` is when it begins. */
  readonly points: readonly (TelemetryPoint & { readonly at: number })[];
}

/** What was counted, minute by minute; thinned as it ages. */
export class TelemetryHistory {
  readonly #database: Database;
  readonly #clock: SqlClock;

  constructor(database: Database, options: { readonly clock?: SqlClock } = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
  }

  /** Notes what one process did in this minute. The same `id` again changes nothing. */
  async add(id: string, point: TelemetryPoint, deadlineMs: number): Promise<void> {
    const args = [this.#clock(), id, MINUTE_MS, JSON.stringify(point)];
    const options = { label: 'telemetry-history.add', idempotent: true, deadlineMs };
    await this.#database.write([{ sql: INSERT, args }], options);
  }

  /**
   * What all processes did together, step by step.
   * @throws InputInvalidError naming the field
   */
  async list(ask: HistoryAsk): Promise<TelemetryHistoryPage> {
    const { from, to, stepMs } = parseInput(historyAsk, ask);
    const steps = new Map<number, TelemetryPoint[]>();
    let last: Row | undefined;
    do {
      const rows = await this.#page(Math.floor(from), Math.ceil(to), last);
      for (const row of rows) {
        const at = Math.floor(numberOf(row, 'at') / stepMs) * stepMs;
        steps.set(at, [...(steps.get(at) ?? []), pointOf(row)]);
      }
      last = rows.length === PAGE_ROWS ? rows.at(-1) : undefined;
    } while (last !== undefined);
    const points = [...steps].map(([at, own]) => ({ at, ...mergePoints(own) }));
    return { stepMs, points };
  }

  /**
   * Makes the rows of one hour or day into one, where they are old enough, or deletes those
   * that are too old. Returns how many rows went; `done`: none is left to go.
   */
  async thin(): Promise<{ readonly pruned: number; readonly done: boolean }> {
    for (const [at, { stepMs, keepMs }] of TELEMETRY_STEPS.entries()) {
      const next = TELEMETRY_STEPS[at + 1];
      const pruned = await (next === undefined
        ? this.#deleteOld(stepMs, keepMs)
        : this.#thin(stepMs, keepMs, next.stepMs));
      if (pruned > 0) return { pruned, done: false };
    }
    return { pruned: 0, done: true };
  }

  async #page(from: number, to: number, after: Row | undefined): Promise<readonly Row[]> {
    const place =
      after === undefined ? [from - 1, ''] : [numberOf(after, 'at'), textOf(after, 'id')];
    const [found] = await this.#database.read([{ sql: SELECT_PAGE, args: [from, to, ...place] }], {
      label: 'telemetry-history.list',
    });
    return found?.rows ?? [];
  }

  async #thin(stepMs: number, keepMs: number, nextMs: number): Promise<number> {
    const select = { sql: SELECT_TO_THIN, args: [this.#clock(), stepMs, keepMs, nextMs] };
    const [found] = await this.#database.read([select], { label: 'telemetry-history.thin' });
    const [first, ...rest] = found?.rows ?? [];
    if (first === undefined) return 0;
    const rows = [first, ...rest];
    const ids = JSON.stringify(rows.map((row) => textOf(row, 'id')));
    const start = Math.floor(numberOf(first, 'at') / nextMs) * nextMs;
    const point = JSON.stringify(mergePoints(rows.map(pointOf)));
    const id = newId();
    await this.#database.write(
      [
        { sql: INSERT_THINNED, args: [id, nextMs, start, point, ids] },
        { sql: DELETE_THINNED, args: [id, ids] },
      ],
      { label: 'telemetry-history.thin', idempotent: true },
    );
    return rows.length;
  }

  async #deleteOld(stepMs: number, keepMs: number): Promise<number> {
    const [, deleted] = await this.#database.write(
      [
        { sql: DELETE_OLD, args: [this.#clock(), stepMs, keepMs] },
        { sql: 'SELECT changes() AS deleted' },
      ],
      { label: 'telemetry-history.thin', idempotent: true },
    );
    return numberOf(deleted?.rows[0] ?? {}, 'deleted');
  }
}

function stepFor(spanMs: number): number {
  const fits = TELEMETRY_STEPS.find(({ keepMs }) => spanMs <= keepMs);
  return fits?.stepMs ?? DAY_MS;
}

function pointOf(row: Row): TelemetryPoint {
  return JSON.parse(textOf(row, 'point')) as TelemetryPoint;
}
