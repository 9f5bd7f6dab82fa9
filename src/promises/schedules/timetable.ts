import { CronExpression, type DstRule } from './cron.js';
import { Zone } from './zone.js';

/** When a schedule's slots are. */
export type Timing = {
  /** No slot is before it; null is no bound. */
  readonly startAt: number | null;
  /** Every slot is before it; null is no bound. */
  readonly endAt: number | null;
} & (
  | { readonly cron: string; readonly timezone: string; readonly dst: DstRule }
  | {
      readonly everyMs: number;
      /** Slots are whole intervals after it. */
      readonly anchorAt: number;
    }
);

/** The slots of a schedule, in milliseconds since the epoch, each on a whole second. */
export interface Timetable {
  /** The first slot after an instant; null when there is none any more. */
  next(after: number): number | null;
}

/** Timetables are made from what was checked when the schedule was. */
export function timetableOf(timing: Timing): Timetable {
  const next = 'cron' in timing ? cronSlots(timing) : intervalSlots(timing);
  const { startAt, endAt } = timing;
  return {
    next: (after) => {
      const slotAt = next(startAt === null ? after : Math.max(after, startAt - 1));
      return slotAt === null || (endAt !== null && slotAt >= endAt) ? null : slotAt;
    },
  };
}

function cronSlots(timing: Extract<Timing, { cron: string }>): Timetable['next'] {
  const expression = new CronExpression(timing.cron);
  const zone = Zone.of(timing.timezone);
  if (zone === undefined) throw new RangeError(`no time zone ${timing.timezone}`);
  return (after) => expression.next(after, zone, timing.dst);
}

function intervalSlots(timing: Extract<Timing, { everyMs: number }>): Timetable['next'] {
  const { everyMs, anchorAt } = timing;
  return (after) => {
    const passed = Math.floor((after - anchorAt) / everyMs);
    return anchorAt + Math.max(passed + 1, 0) * everyMs;
  };
}

/** The slots in [from, to], at most `max`. */
export function slotsIn(
  timetable: Timetable,
  { from, to, max }: { readonly from: number; readonly to: number; readonly max: number },
): number[] {
  const slots: number[] = [];
  let slotAt = timetable.next(from - 1);
  while (slotAt !== null && slotAt <= to && slots.length < max) {
    slots.push(slotAt);
    slotAt = timetable.next(slotAt);
  }
  return slots;
}

const FIRST_LOOK_MS = 60_000;
/** What one look back may find: more only where slots crowd within what was silent before. */
const LOOK_SLOTS_MAX = 100_000;

/**
 * The last `max` slots in [from, to], in order. Looks back twice as far each time,
 * so that a month of seconds is not walked for its last minute.
 */
export function lastSlotsIn(
  timetable: Timetable,
  { from, to, max }: { readonly from: number; readonly to: number; readonly max: number },
): number[] {
  for (let lookMs = FIRST_LOOK_MS; ; lookMs *= 2) {
    const begin = Math.max(from, to - lookMs);
    const slots = slotsIn(timetable, { from: begin, to, max: LOOK_SLOTS_MAX });
    if (slots.length >= max || begin === from || from > to) return slots.slice(-max);
  }
}
