import { describe, expect, it } from 'vitest';
import { jitterOf } from './jitter.js';
import { firingOf, type PlanFacts, planDue, SKIPS_COUNTED_MAX, skipsBetween } from './plan.js';
import type { Schedule, ScheduleSettings } from './schedule.js';
import { timetableOf } from './timetable.js';

const MINUTE = 60_000;
const START = Date.parse('2030-01-01T00:00:00Z');
/** The instant of a minute's slot. */
const slot = (minute: number) => START + minute * MINUTE;
const minuteOf = (at: number) => (at - START) / MINUTE;

const everyMinute = { startAt: null, endAt: null, everyMs: MINUTE, anchorAt: START };

type Over = Partial<Omit<ScheduleSettings, 'missed'>> & {
  readonly missed?: Partial<ScheduleSettings['missed']>;
};

/** Every minute, the slot of minute 0 next; late by a minute is on time. */
function schedule({ missed, ...over }: Over = {}): Schedule {
  const rule = { policy: 'latest', cap: 100, windowMs: 1_440 * MINUTE, graceMs: MINUTE } as const;
  const settings = { ...everyMinute, overlap: 'allow', jitterMs: 0, ...over } as const;
  return {
    name: 'reports',
    id: 's1',
    revision: 'r1',
    settings: { ...settings, missed: { ...rule, ...missed } } as ScheduleSettings,
    promise: { type: 'report' },
    pausedAt: null,
    nextSlotAt: START,
    createdAt: 0,
    updatedAt: 0,
  };
}

/** The plan at a minute, slots as minutes: `2<open-1` is fired when `open-1` is settled. */
function planAt(minute: number, of: Schedule, over: Partial<PlanFacts> = {}) {
  let made = 0;
  const plan = planDue(of, {
    now: slot(minute),
    open: [],
    fired: new Set(),
    firingsMax: 500,
    makeId: () => `made-${++made}`,
    ...over,
  });
  return {
    fire: plan.fire.map((one) =>
      one.after === null ? `${minuteOf(one.slotAt)}` : `${minuteOf(one.slotAt)}<${one.after}`,
    ),
    skip: plan.skip.map(
      (one) => `${one.reason} ${one.slots}: ${minuteOf(one.slotAt)}-${minuteOf(one.lastSlotAt)}`,
    ),
    cancel: plan.cancel,
    next: plan.nextSlotAt === null ? null : minuteOf(plan.nextSlotAt),
  };
}

const nothing = { fire: [], skip: [], cancel: [] };

describe('a plan', () => {
  it('does nothing before the next slot, nor where there is none any more', () => {
    expect(planAt(-0.001, schedule())).toEqual({ ...nothing, next: 0 });
    expect(planAt(9, { ...schedule(), nextSlotAt: null })).toEqual({ ...nothing, next: null });
  });

  it('fires a slot at its instant, and within its grace', () => {
    expect(planAt(0, schedule())).toEqual({ ...nothing, fire: ['0'], next: 1 });
    expect(planAt(0.5, schedule())).toEqual({ ...nothing, fire: ['0'], next: 1 });
    expect(planAt(1, schedule())).toEqual({ ...nothing, fire: ['0', '1'], next: 2 });
  });

  it('ends with its timetable', () => {
    const ended = schedule({ endAt: slot(1) });
    expect(planAt(0, ended)).toEqual({ ...nothing, fire: ['0'], next: null });
  });

  it('leaves slots out that were fired already, and goes on behind them', () => {
    const fired = new Set([slot(0)]);
    expect(planAt(1, schedule(), { fired })).toEqual({ ...nothing, fire: ['1'], next: 2 });
    expect(planAt(0, schedule(), { fired })).toEqual({ ...nothing, next: 1 });
  });

  it('fires as many as one write may, and the rest with the next', () => {
    const all = schedule({ missed: { policy: 'all' } });
    expect(planAt(5, all, { firingsMax: 3 })).toMatchObject({ fire: ['0', '1', '2'], next: 3 });
    expect(planAt(5, all, { firingsMax: 6 })).toMatchObject({ next: 6 });
    const onTime = schedule({ missed: { graceMs: 10 * MINUTE } });
    expect(planAt(5, onTime, { firingsMax: 2 })).toEqual({ ...nothing, fire: ['0', '1'], next: 2 });
  });
});

describe('slots that nobody was there to fire', () => {
  it('are left out, and told of as one run', () => {
    const skip = schedule({ missed: { policy: 'skip' } });
    expect(planAt(5, skip)).toEqual({
      ...nothing,
      fire: ['4', '5'],
      skip: ['missed 4: 0-3'],
      next: 6,
    });
  });

  it('are made up for by the latest, where none is on time', () => {
    const rare = (over: Over = {}) => schedule({ everyMs: 10 * MINUTE, ...over } as Over);
    expect(planAt(35, rare())).toEqual({
      ...nothing,
      fire: ['30'],
      skip: ['missed 3: 0-20'],
      next: 40,
    });
    expect(planAt(30.5, rare())).toEqual({
      ...nothing,
      fire: ['30'],
      skip: ['missed 3: 0-20'],
      next: 40,
    });
    expect(planAt(35, rare({ missed: { policy: 'skip' } }))).toEqual({
      ...nothing,
      skip: ['missed 4: 0-30'],
      next: 40,
    });
  });

  it('are all made up for, in order, as many and as old ones as the rule says', () => {
    const all = (missed: Over['missed'] = {}) => schedule({ missed: { policy: 'all', ...missed } });
    expect(planAt(4, all())).toEqual({ ...nothing, fire: ['0', '1', '2', '3', '4'], next: 5 });
    expect(planAt(4, all({ cap: 1 }))).toEqual({
      ...nothing,
      fire: ['2', '3', '4'],
      skip: ['missed 2: 0-1'],
      next: 5,
    });
    expect(planAt(4, all({ windowMs: 3 * MINUTE }))).toEqual({
      ...nothing,
      fire: ['1', '2', '3', '4'],
      skip: ['missed 1: 0-0'],
      next: 5,
    });
  });

  it('are never those before the next one of the schedule', () => {
    const of = { ...schedule({ missed: { policy: 'all' } }), nextSlotAt: slot(3) };
    expect(planAt(4, of)).toEqual({ ...nothing, fire: ['3', '4'], next: 5 });
    expect(planAt(6, of)).toEqual({ ...nothing, fire: ['3', '4', '5', '6'], next: 7 });
  });
});

describe('a promise that is not settled yet', () => {
  const open = ['open-1', 'open-2'];
  const overlap = (rule: ScheduleSettings['overlap']) => schedule({ overlap: rule });

  it('does not matter where all may run', () => {
    expect(planAt(0, overlap('allow'), { open })).toEqual({ ...nothing, fire: ['0'], next: 1 });
  });

  it('keeps slots from being fired, those of this plan too', () => {
    expect(planAt(0, overlap('skip'), { open })).toEqual({
      ...nothing,
      skip: ['overlap 1: 0-0'],
      next: 1,
    });
    expect(planAt(1, overlap('skip'))).toEqual({
      ...nothing,
      fire: ['0'],
      skip: ['overlap 1: 1-1'],
      next: 2,
    });
  });

  it('is waited for by the next, one after the other', () => {
    expect(planAt(1, overlap('queue'), { open })).toMatchObject({ fire: ['0<open-2', '1<made-1'] });
    expect(planAt(0, overlap('queue'))).toMatchObject({ fire: ['0'] });
  });

  it('is waited for by 100 at most', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => `open-${at}`);
    expect(planAt(1, overlap('queue'), { open: many(99) })).toEqual({
      ...nothing,
      fire: ['0<open-98'],
      skip: ['queue-full 1: 1-1'],
      next: 2,
    });
  });

  it('gives way to the last slot that is due', () => {
    expect(planAt(1, overlap('cancel'), { open })).toEqual({
      fire: ['1'],
      skip: ['overlap 1: 0-0'],
      cancel: open,
      next: 2,
    });
    const fired = new Set([slot(0)]);
    expect(planAt(0, overlap('cancel'), { open, fired })).toEqual({ ...nothing, next: 1 });
  });

  it('is told of after what was missed', () => {
    const skip = schedule({ overlap: 'skip', missed: { policy: 'skip' } });
    expect(planAt(3, skip, { open })).toMatchObject({
      skip: ['missed 2: 0-1', 'overlap 1: 2-2', 'overlap 1: 3-3'],
    });
  });
});

describe('a firing', () => {
  it('is due at its slot, later by its jitter and its delay', () => {
    const firing = firingOf(schedule(), slot(1), 'p');
    expect(firing).toEqual({ slotAt: slot(1), runAt: slot(1), promiseId: 'p', after: null });
    const later = { ...schedule({ jitterMs: 1_000 }), promise: { type: 'report', delay: 5_000 } };
    const jitterMs = jitterOf('reports', slot(1), 1_000);
    expect(firingOf(later, slot(1), 'p').runAt).toBe(slot(1) + jitterMs + 5_000);
  });
});

describe('slots between two others', () => {
  const timetable = timetableOf(everyMinute);
  const between = (from: number, before: number) =>
    skipsBetween(timetable, 'paused', slot(from), slot(before)).map((one) => [
      one.reason,
      minuteOf(one.slotAt),
      minuteOf(one.lastSlotAt),
      one.slots,
    ]);

  it('are one run, without the one behind them', () => {
    expect(between(1, 3)).toEqual([['paused', 1, 2, 2]]);
    expect(between(1, 1.001)).toEqual([['paused', 1, 1, 1]]);
  });

  it('are none where no slot is between', () => {
    expect(between(1, 1)).toEqual([]);
    expect(between(2, 1)).toEqual([]);
    expect(between(1.1, 1.9)).toEqual([]);
  });

  it('are counted so far, and their last one is told all the same', () => {
    expect(between(0, 5_000)).toEqual([['paused', 0, 4_999, SKIPS_COUNTED_MAX]]);
  });
});
