import { jitterOf } from './jitter.js';
import { QUEUED_MAX, type Schedule } from './schedule.js';
import { lastSlotsIn, slotsIn, type Timetable, timetableOf } from './timetable.js';

/** Why slots made no promise. */
export const SKIP_REASONS = ['missed', 'overlap', 'queue-full', 'paused'] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** A slot that makes a promise. */
export interface Firing {
  readonly slotAt: number;
  /** When the promise is due: the slot, and its jitter and delay. */
  readonly runAt: number;
  readonly promiseId: string;
  /** The promise that must be settled first. */
  readonly after: string | null;
}

/** Slots, one or a run of them, that make none. */
export interface Skip {
  readonly reason: SkipReason;
  readonly slotAt: number;
  readonly lastSlotAt: number;
  /** How many there are, counted up to `SKIPS_COUNTED_MAX`. */
  readonly slots: number;
}

/** What becomes of a schedule's due slots. Every one of them is in it, fired or skipped. */
export interface Plan {
  readonly fire: readonly Firing[];
  readonly skip: readonly Skip[];
  /** Open promises that give way to the one that is made. */
  readonly cancel: readonly string[];
  /** The first slot that is not in it; due already when there were too many for one write. */
  readonly nextSlotAt: number | null;
}

/** Skipped slots are counted as far as this. */
export const SKIPS_COUNTED_MAX = 1_000;

interface Due {
  /** Slots to fire, in order. */
  readonly slots: readonly number[];
  readonly missed: readonly Skip[];
  readonly nextSlotAt: number | null;
}

/** What a plan is made from, beside the schedule. */
export interface PlanFacts {
  /** By the database's clock. */
  readonly now: number;
  /** The schedule's promises that are not settled, oldest first. */
  readonly open: readonly string[];
  /** Slots from its next one on that have been fired already: by a backfill, or before its clock went back. */
  readonly fired: ReadonlySet<number>;
  /** How many promises one write may make. */
  readonly firingsMax: number;
  /** Makes the ids of promises. */
  readonly makeId: () => string;
}

/** Decides about every slot from the schedule's next one until now. */
export function planDue(schedule: Schedule, facts: PlanFacts): Plan {
  const { slots, missed, nextSlotAt } = dueSlots(schedule, facts);
  const fresh = slots.filter((slotAt) => !facts.fired.has(slotAt));
  return { ...overlapping(schedule, fresh, missed, facts), nextSlotAt };
}

/** A slot's promise without any rule: for what is asked for by hand. */
export function firingOf(schedule: Schedule, slotAt: number, promiseId: string): Firing {
  const { name, settings, promise } = schedule;
  const jitterMs = jitterOf(name, slotAt, settings.jitterMs);
  return { slotAt, runAt: slotAt + jitterMs + (promise.delay ?? 0), promiseId, after: null };
}

function dueSlots({ settings, nextSlotAt: cursor }: Schedule, { now, firingsMax }: PlanFacts): Due {
  if (cursor === null || cursor > now) return { slots: [], missed: [], nextSlotAt: cursor };
  const timetable = timetableOf(settings);
  const { missed: rule } = settings;
  const graceStart = now - rule.graceMs;
  const onTime = slotsIn(timetable, {
    from: Math.max(cursor, graceStart),
    to: now,
    max: firingsMax,
  });
  const late = lateSlots(timetable, {
    cursor,
    now,
    graceStart,
    hasOnTime: onTime.length > 0,
    rule,
  });
  const slots = [...late, ...onTime].slice(0, firingsMax);
  const last = slots.at(-1) ?? now;
  return {
    slots,
    missed: skipsBetween(timetable, 'missed', cursor, slots[0] ?? now + 1),
    nextSlotAt: timetable.next(slots.length === firingsMax ? last : now),
  };
}

/** Late slots that are fired all the same. */
function lateSlots(
  timetable: Timetable,
  due: {
    readonly cursor: number;
    readonly now: number;
    readonly graceStart: number;
    readonly hasOnTime: boolean;
    readonly rule: Schedule['settings']['missed'];
  },
): number[] {
  const { cursor, now, graceStart, hasOnTime, rule } = due;
  const to = graceStart - 1;
  if (cursor > to) return [];
  switch (rule.policy) {
    case 'skip':
      return [];
    case 'latest':
      return hasOnTime ? [] : lastSlotsIn(timetable, { from: cursor, to, max: 1 });
    case 'all': {
      const from = Math.max(cursor, now - rule.windowMs);
      return lastSlotsIn(timetable, { from, to, max: rule.cap });
    }
  }
}

/** The slots from `from` to before `before` as one run of skipped ones: those that are fired are the last. */
export function skipsBetween(
  timetable: Timetable,
  reason: SkipReason,
  from: number,
  before: number,
): Skip[] {
  if (from >= before) return [];
  const range = { from, to: before - 1 };
  const counted = slotsIn(timetable, { ...range, max: SKIPS_COUNTED_MAX });
  const [slotAt] = counted;
  if (slotAt === undefined) return [];
  const [lastSlotAt = slotAt] = lastSlotsIn(timetable, { ...range, max: 1 });
  return [{ reason, slotAt, lastSlotAt, slots: counted.length }];
}

function overlapping(
  schedule: Schedule,
  slots: readonly number[],
  missed: readonly Skip[],
  { open, makeId }: PlanFacts,
): Omit<Plan, 'nextSlotAt'> {
  const fire: Firing[] = [];
  const skip = [...missed];
  const { overlap } = schedule.settings;
  /** How many are open, and the newest of them, with what this plan makes. */
  let openCount = open.length;
  let newest = open.at(-1) ?? null;
  for (const [index, slotAt] of slots.entries()) {
    const reason = refusal(overlap, openCount, index === slots.length - 1);
    if (reason !== undefined) {
      skip.push({ reason, slotAt, lastSlotAt: slotAt, slots: 1 });
      continue;
    }
    const firing = firingOf(schedule, slotAt, makeId());
    fire.push({ ...firing, after: overlap === 'queue' ? newest : null });
    newest = firing.promiseId;
    openCount += 1;
  }
  return { fire, skip, cancel: overlap === 'cancel' && fire.length > 0 ? open : [] };
}

function refusal(
  overlap: Schedule['settings']['overlap'],
  openCount: number,
  isLast: boolean,
): SkipReason | undefined {
  switch (overlap) {
    case 'allow':
      return undefined;
    case 'skip':
      return openCount > 0 ? 'overlap' : undefined;
    case 'queue':
      return openCount >= QUEUED_MAX ? 'queue-full' : undefined;
    case 'cancel':
      // Of slots that are due at once each would cancel the one before.
      return isLast ? undefined : 'overlap';
  }
}
