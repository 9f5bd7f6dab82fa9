import { HoldfastError, InputInvalidError, newId } from '../../core/index.js';
import { type Database, NOW, type SqlClock } from '../../db/index.js';
import { type Operation, perform } from '../operation.js';
import { jsonOf } from '../row.js';
import { firingsMax, openPromises } from './fire.js';
import { makePromises } from './make.js';
import { type Firing, firingOf } from './plan.js';
import type { Schedule } from './schedule.js';
import { slotsIn, timetableOf } from './timetable.js';

export interface Backfill {
  /** The slots in the range, in order; `promiseId` null: in a dry run, not made yet. */
  readonly slots: readonly {
    readonly slotAt: number;
    readonly promiseId: string | null;
    /** True when the slot had been fired before. */
    readonly known: boolean;
  }[];
}

/** Slots of one backfill: more need several. */
export const BACKFILL_SLOTS_MAX = 1_000;
/** Tries of one write: a loss means that others fire the same slots now. */
const TRIES_MAX = 5;

const SELECT_KNOWN = `
SELECT json_group_array(json_array(slot_at, promise_id)) AS known FROM occurrences
WHERE schedule_id = ?1 AND kind = 'fired' AND slot_at BETWEEN ?2 AND ?3`;

/** Fails its write when the schedule is gone, a slot was fired meanwhile, or a promise is there. */
const RECORD = `
INSERT INTO occurrences (schedule_id, kind, slot_at, promise_id, last_slot_at, token, recorded_at)
SELECT (
    SELECT id FROM schedules WHERE name = ?2 AND id = ?3
      AND NOT EXISTS (SELECT 1 FROM promises p WHERE p.id = o.value ->> 1)
  ),
  ?4, o.value ->> 0, o.value ->> 1, o.value ->> 0, ?6, ${NOW}
FROM json_each(?5) o`;

/**
 * Fires the slots of a range that were not fired. Called again, it goes on where it
 * was broken off. Unless the schedule allows overlap, they run one after the other.
 * @param range `to` is not in it; what is not due yet (`now`) is left out
 * @throws InputInvalidError when there are more than `BACKFILL_SLOTS_MAX`
 */
export async function backfill(
  database: Database,
  clock: SqlClock,
  schedule: Schedule,
  range: { readonly from: number; readonly to: number; readonly now: number },
  dryRun: boolean,
): Promise<Backfill> {
  const { from } = range;
  const to = Math.min(range.to - 1, range.now);
  const slots = slotsIn(timetableOf(schedule.settings), { from, to, max: BACKFILL_SLOTS_MAX + 1 });
  if (slots.length > BACKFILL_SLOTS_MAX) throw tooMany(slots.at(-1) ?? to);
  const before = await knownSlots(database, schedule, slots);
  let made = before;
  for (let tries = 0; !dryRun && tries < TRIES_MAX; tries += 1) {
    const missing = slots.filter((slotAt) => !made.has(slotAt));
    if (missing.length === 0) break;
    await fireMissing(database, clock, schedule, missing);
    made = await knownSlots(database, schedule, slots);
  }
  return {
    slots: slots.map((slotAt) => ({
      slotAt,
      promiseId: made.get(slotAt) ?? null,
      known: before.has(slotAt),
    })),
  };
}

/** Slice by slice. Stops where another instance was faster: what is known must be read again. */
async function fireMissing(
  database: Database,
  clock: SqlClock,
  schedule: Schedule,
  missing: readonly number[],
): Promise<void> {
  const isOneByOne = schedule.settings.overlap !== 'allow';
  let newest = isOneByOne ? ((await openPromises(database, schedule)).at(-1) ?? null) : null;
  const size = firingsMax(schedule);
  for (let start = 0; start < missing.length; start += size) {
    const firings = missing.slice(start, start + size).map((slotAt): Firing => {
      const firing = { ...firingOf(schedule, slotAt, newId()), after: newest };
      if (isOneByOne) newest = firing.promiseId;
      return firing;
    });
    try {
      await perform(database, 'schedules.backfill', [
        recordFirings(schedule, 'fired', firings, clock),
        makePromises(
          firings.map((firing) => ({ schedule, firing })),
          clock,
        ),
      ]);
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'constraint-violated')) throw error;
      return;
    }
  }
}

/** Writes firings into the ledger; fails its write when the schedule is gone or a slot is taken. */
export function recordFirings(
  { name, id }: Schedule,
  kind: 'fired' | 'manual',
  firings: readonly Firing[],
  clock: SqlClock,
): Operation<void> {
  const rows = JSON.stringify(firings.map(({ slotAt, promiseId }) => [slotAt, promiseId]));
  const args = [clock(), name, id, kind, rows, newId()];
  return { statements: [{ sql: RECORD, args }], read: () => undefined };
}

async function knownSlots(
  database: Database,
  { id }: Schedule,
  slots: readonly number[],
): Promise<Map<number, string>> {
  const [first, last] = [slots[0], slots.at(-1)];
  if (first === undefined || last === undefined) return new Map();
  const [found] = await database.read([{ sql: SELECT_KNOWN, args: [id, first, last] }], {
    label: 'schedules.backfill',
  });
  return new Map(jsonOf<[number, string][]>(found?.rows[0] ?? {}, 'known'));
}

function tooMany(lastSlotAt: number): InputInvalidError {
  return new InputInvalidError([
    {
      path: 'to',
      rule: `must leave at most ${BACKFILL_SLOTS_MAX} slots in the range`,
      received: `a slot more at ${new Date(lastSlotAt).toISOString()}`,
    },
  ]);
}
