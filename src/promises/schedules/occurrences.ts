import { type Database, NOW, type Row, type SqlClock } from '../../db/index.js';
import { lastRows, perform } from '../operation.js';
import { numberOf, textOf } from '../row.js';
import type { SkipReason } from './plan.js';

/** What became of a slot, or of a run of skipped ones. */
export type Occurrence = {
  readonly slotAt: number;
  readonly recordedAt: number;
} & (
  | { readonly kind: 'fired' | 'manual'; readonly promiseId: string }
  | {
      readonly kind: 'skipped';
      readonly reason: SkipReason;
      readonly lastSlotAt: number;
      /** How many slots, counted up to 1,000. */
      readonly slots: number;
    }
);

export interface OccurrencePage {
  readonly occurrences: readonly Occurrence[];
  readonly nextCursor: string | null;
}

const SELECT_PAGE = `
SELECT o.kind, o.slot_at, o.promise_id, o.reason, o.last_slot_at, o.slots, o.recorded_at
FROM occurrences o
WHERE o.schedule_id = ?1 AND (?2 IS NULL OR (o.slot_at, o.kind) < (?2, ?3))
ORDER BY o.slot_at DESC, o.kind DESC LIMIT ?4`;

/** Newest slots first. */
export async function occurrencePage(
  database: Database,
  scheduleId: string,
  ask: { readonly limit: number; readonly cursor: Cursor | null },
): Promise<OccurrencePage> {
  const args = [scheduleId, ask.cursor?.slotAt ?? null, ask.cursor?.kind ?? null, ask.limit];
  const [found] = await database.read([{ sql: SELECT_PAGE, args }], {
    label: 'schedules.occurrences',
  });
  const occurrences = (found?.rows ?? []).map(occurrenceOf);
  const last = occurrences.length === ask.limit ? occurrences.at(-1) : undefined;
  return { occurrences, nextCursor: last === undefined ? null : `${last.slotAt}~${last.kind}` };
}

interface Cursor {
  readonly slotAt: number;
  readonly kind: string;
}

const CURSOR = /^(\d{1,15})~(fired|skipped|manual)$/;

/** Undefined when it is none. */
export function parseOccurrenceCursor(cursor: string): Cursor | undefined {
  const match = CURSOR.exec(cursor);
  return match?.[2] === undefined ? undefined : { slotAt: Number(match[1]), kind: match[2] };
}

function occurrenceOf(row: Row): Occurrence {
  const kind = textOf(row, 'kind') as Occurrence['kind'];
  const slotAt = numberOf(row, 'slot_at');
  const recordedAt = numberOf(row, 'recorded_at');
  if (kind !== 'skipped') return { kind, slotAt, recordedAt, promiseId: textOf(row, 'promise_id') };
  const reason = textOf(row, 'reason') as SkipReason;
  const lastSlotAt = numberOf(row, 'last_slot_at');
  return { kind, slotAt, recordedAt, reason, lastSlotAt, slots: numberOf(row, 'slots') };
}

/** A slot whose row is gone lies before its schedule's next one: only a backfill could fire it again. */
const PRUNE = `
DELETE FROM occurrences WHERE (schedule_id, kind, slot_at) IN (
  SELECT schedule_id, kind, slot_at FROM occurrences INDEXED BY occurrences_by_age
  WHERE recorded_at < ${NOW} - ?2 ORDER BY recorded_at LIMIT ?3
)
RETURNING 1 AS gone`;

/** Deletes one slice of the ledger: what was recorded more than `olderThanMs` ago. */
export async function pruneOccurrences(
  database: Database,
  clock: SqlClock,
  options: { readonly olderThanMs: number; readonly limit: number },
): Promise<{ readonly pruned: number; readonly done: boolean }> {
  const args = [clock(), options.olderThanMs, options.limit];
  const [pruned] = await perform(database, 'schedules.prune', [
    { statements: [{ sql: PRUNE, args }], read: (results) => lastRows(results).length },
  ]);
  return { pruned, done: pruned < options.limit };
}
