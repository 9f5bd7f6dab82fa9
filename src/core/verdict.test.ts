import { describe, expect, it } from 'vitest';
import { DURATION_RULE } from './duration.js';
import { InputInvalidError } from './errors.js';
import { cancel, continueWith, isVerdict, snooze } from './verdict.js';

describe('verdicts', () => {
  it('say what becomes of the promise', () => {
    expect(snooze('5m')).toMatchObject({ kind: 'snooze', delayMs: 300_000 });
    expect(snooze(0)).toMatchObject({ kind: 'snooze', delayMs: 0 });
    expect(cancel('not any more')).toMatchObject({ kind: 'cancel', reason: 'not any more' });
    const state = { page: 2 };
    expect(continueWith(state)).toMatchObject({ kind: 'continue', delayMs: 0, state });
    expect(continueWith(state, { delay: '1s' })).toMatchObject({ delayMs: 1_000 });
  });

  it('are told from results, also where they come from another copy of the package', () => {
    for (const verdict of [snooze(1), continueWith(null), cancel('why')])
      expect(isVerdict(verdict)).toBe(true);
    expect(isVerdict({ [Symbol.for('holdfast.verdict')]: true })).toBe(true);
    for (const result of [{ kind: 'snooze', delayMs: 1 }, null, undefined, 'snooze', 5])
      expect(isVerdict(result)).toBe(false);
  });

  it.each([
    ['soon', '"soon"'],
    [-1, '-1'],
    [undefined, 'nothing'],
    [['1s'], '["1s"]'],
  ])('refuse the delay %j', (delay, received) => {
    const issue = { path: 'delay', rule: DURATION_RULE, received };
    expect(() => snooze(delay as string)).toThrow(new InputInvalidError([issue]));
  });
});
