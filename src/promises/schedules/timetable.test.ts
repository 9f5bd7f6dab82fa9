import { describe, expect, it } from 'vitest';
import { lastSlotsIn, slotsIn, type Timing, timetableOf } from './timetable.js';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const START = Date.parse('2030-01-01T00:00:00Z');

const always = { startAt: null, endAt: null };
const everyMinute = (over: Partial<Timing> = {}) =>
  timetableOf({ ...always, everyMs: MINUTE, anchorAt: START, ...over } as Timing);
const daily = (over: Partial<Timing> = {}) =>
  timetableOf({
    ...always,
    cron: '0 9 * * *',
    timezone: 'Europe/Berlin',
    dst: { gap: 'after', fold: 'first' },
    ...over,
  } as Timing);

describe('the slots of an interval', () => {
  it('are whole intervals after its anchor, and each is after the instant that is asked for', () => {
    const { next } = everyMinute();
    expect(next(START)).toBe(START + MINUTE);
    expect(next(START + 1)).toBe(START + MINUTE);
    expect(next(START + MINUTE - 1)).toBe(START + MINUTE);
    expect(next(START + MINUTE)).toBe(START + 2 * MINUTE);
    expect(next(START + 1_000 * MINUTE + 1)).toBe(START + 1_001 * MINUTE);
  });

  it('begin with the anchor, however long before it one asks', () => {
    const { next } = everyMinute();
    expect([next(START - 1), next(START - MINUTE), next(0)]).toEqual([START, START, START]);
  });
});

describe('the slots of a cron expression', () => {
  it('are on the clocks of their zone', () => {
    expect(daily().next(START)).toBe(Date.parse('2030-01-01T08:00:00Z'));
    expect(daily().next(Date.parse('2030-07-01T00:00:00Z'))).toBe(
      Date.parse('2030-07-01T07:00:00Z'),
    );
  });

  it('are none where there is no such zone', () => {
    expect(() => daily({ timezone: 'Europe/Atlantis' })).toThrow(
      new RangeError('no time zone Europe/Atlantis'),
    );
  });
});

describe('bounds', () => {
  it('let the slot at the start be one, and the slot at the end be none', () => {
    const { next } = everyMinute({ startAt: START + 5 * MINUTE, endAt: START + 7 * MINUTE });
    expect(next(0)).toBe(START + 5 * MINUTE);
    expect(next(START + 5 * MINUTE)).toBe(START + 6 * MINUTE);
    expect(next(START + 6 * MINUTE)).toBeNull();
    expect(next(START + 9 * MINUTE)).toBeNull();
  });

  it('hold for cron too, where there may be no slot at all', () => {
    const startAt = Date.parse('2030-01-01T08:00:00Z');
    expect(daily({ startAt }).next(0)).toBe(startAt);
    expect(daily({ startAt: startAt + 1 }).next(0)).toBe(startAt + DAY);
    expect(daily({ cron: '0 0 30 2 *', endAt: START + DAY }).next(START)).toBeNull();
  });
});

describe('the slots between two instants', () => {
  const range = { from: START + MINUTE, to: START + 4 * MINUTE };
  const minutes = (slots: readonly number[]) => slots.map((slotAt) => (slotAt - START) / MINUTE);

  it('are those of both ends too, and no more than are asked for', () => {
    expect(minutes(slotsIn(everyMinute(), { ...range, max: 10 }))).toEqual([1, 2, 3, 4]);
    expect(minutes(slotsIn(everyMinute(), { ...range, max: 2 }))).toEqual([1, 2]);
    expect(slotsIn(everyMinute(), { ...range, max: 0 })).toEqual([]);
    const ended = everyMinute({ endAt: START + 3 * MINUTE });
    expect(minutes(slotsIn(ended, { ...range, max: 10 }))).toEqual([1, 2]);
  });

  it('are the last of them in order, when those are asked for', () => {
    expect(minutes(lastSlotsIn(everyMinute(), { ...range, max: 2 }))).toEqual([3, 4]);
    expect(minutes(lastSlotsIn(everyMinute(), { ...range, max: 10 }))).toEqual([1, 2, 3, 4]);
    expect(lastSlotsIn(everyMinute(), { from: range.to, to: range.from, max: 3 })).toEqual([]);
  });

  it('are found far back, where the last of them are long ago', () => {
    const to = Date.parse('2030-03-01T00:00:00Z');
    const last = lastSlotsIn(daily(), { from: START, to, max: 3 });
    expect(last.map((slotAt) => new Date(slotAt).toISOString())).toEqual([
      '2030-02-26T08:00:00.000Z',
      '2030-02-27T08:00:00.000Z',
      '2030-02-28T08:00:00.000Z',
    ]);
    expect(lastSlotsIn(daily({ endAt: START }), { from: START - DAY, to, max: 3 })).toEqual([
      START - DAY + 8 * 60 * MINUTE,
    ]);
  });

  it('are looked for near the end first: not every second of a month is walked for one', () => {
    let asked = 0;
    const seconds = everyMinute({ everyMs: 1_000 } as Partial<Timing>);
    const counted = {
      next: (after: number) => {
        asked += 1;
        return seconds.next(after);
      },
    };
    const to = START + 30 * DAY;
    expect(lastSlotsIn(counted, { from: START, to, max: 1 })).toEqual([to]);
    expect(asked).toBeLessThan(100);
  });
});
