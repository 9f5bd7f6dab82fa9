import { describe, expect, it } from 'vitest';
import { type Backoff, backoff, backoffDelayMs } from './backoff.js';

/** Waits after the first four attempts, with the least and with half of the chance. */
const waits = (rule: Backoff, random = 0) =>
  [1, 2, 3, 4].map((attempt) => backoffDelayMs(rule, attempt, random));

describe('backoffDelayMs', () => {
  it('waits the same each time, attempt by attempt more, or twice as long', () => {
    expect(waits({ kind: 'fixed', delay: 300 })).toEqual([300, 300, 300, 300]);
    expect(waits({ kind: 'linear', delay: 300 })).toEqual([300, 600, 900, 1_200]);
    expect(waits({ kind: 'exponential', delay: 300 })).toEqual([300, 600, 1_200, 2_400]);
    expect(waits({ kind: 'exponential', delay: 10, factor: 3 })).toEqual([10, 30, 90, 270]);
  });

  it('takes the waits of a list, and repeats the last', () => {
    expect(waits({ kind: 'custom', delays: [5, 50] })).toEqual([5, 50, 50, 50]);
    expect(waits({ kind: 'custom', delay: 7 })).toEqual([7, 7, 7, 7]);
  });

  it('begins with a second, and never waits longer than an hour, or than the rule says', () => {
    expect(waits({ kind: 'exponential' })).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(backoffDelayMs({ kind: 'exponential' }, 30, 0)).toBe(3_600_000);
    expect(backoffDelayMs({ kind: 'exponential', max: 5_000 }, 30, 0)).toBe(5_000);
  });

  it('takes up to half away by chance where waits grow, and nothing where they do not', () => {
    expect(waits({ kind: 'linear', delay: 100 }, 0.5)).toEqual([75, 150, 225, 300]);
    expect(waits({ kind: 'fixed', delay: 100 }, 0.5)).toEqual([100, 100, 100, 100]);
    expect(waits({ kind: 'custom', delays: [100] }, 0.5)).toEqual([100, 100, 100, 100]);
    expect(waits({ kind: 'fixed', delay: 100, jitter: 1 }, 0.25)).toEqual([75, 75, 75, 75]);
  });
});

describe('a rule of waits', () => {
  const refusalOf = (input: unknown) => {
    const { error } = backoff.safeParse(input);
    return error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  };

  it('has delays when it is custom, and only then', () => {
    expect(refusalOf({ kind: 'custom' })).toEqual(['delays must be given when kind is "custom"']);
    expect(refusalOf({ kind: 'fixed', delays: ['1s'] })).toEqual([
      'delays goes with kind "custom" only',
    ]);
    expect(backoff.parse({ kind: 'custom', delays: ['1s', 5] })).toEqual({
      kind: 'custom',
      delays: [1_000, 5],
    });
  });

  it('keeps to its bounds', () => {
    expect(
      backoff.parse({ kind: 'linear', delay: '2s', max: '1m', factor: 10, jitter: 1 }),
    ).toEqual({ kind: 'linear', delay: 2_000, max: 60_000, factor: 10, jitter: 1 });
    for (const wrong of [{ factor: 0.9 }, { factor: 11 }, { jitter: -0.1 }, { jitter: 1.1 }])
      expect(refusalOf({ kind: 'exponential', ...wrong })).toHaveLength(1);
    expect(refusalOf({ kind: 'custom', delays: [] })).toHaveLength(1);
    expect(refusalOf({ kind: 'custom', delays: new Array(101).fill(1) })).toHaveLength(1);
    expect(refusalOf({ kind: 'fixed', other: 1 })).toHaveLength(1);
  });
});
