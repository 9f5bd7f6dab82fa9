import { describe, expect, it } from 'vitest';
import { cancel, continueWith, HoldfastError, type Json, snooze } from '../core/index.js';
import type { Claim } from '../promises/index.js';
import { failureOf, settlementOf, storableText } from './settlement-of.js';

const CLAIM: Claim = {
  id: 'p1',
  type: 'mail',
  queue: 'default',
  payload: null,
  attempt: 2,
  maxAttempts: 3,
  backoff: null,
  timeoutMs: 60_000,
  epoch: 0,
  fence: 7,
  leaseExpiresAt: 0,
  lane: null,
  isStrict: false,
  state: null,
  metadata: null,
  waitedMs: 0,
};
const own = { id: 'p1', fence: 7 };
const settled = (value: unknown) => settlementOf(CLAIM, value, undefined);

const circle: Record<string, unknown> = {};
circle.self = circle;

describe('what a run returns', () => {
  it.each([
    [null, null],
    ['text', 'text'],
    [true, true],
    [7, 7],
    [{ a: [1], b: undefined }, { a: [1] }],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [undefined, null],
    [() => 1, null],
    [Number.NaN, null],
  ])('%o completes its promise with %o', (value, result) => {
    expect(settled(value)).toStrictEqual({ ...own, outcome: 'complete', result });
  });

  it('is kept as it was when it was returned', () => {
    const result = { sent: 1 };
    const settlement = settled(result);
    result.sent = 2;
    expect(settlement).toMatchObject({ result: { sent: 1 } });
  });

  it('takes the promises along that the run has made', () => {
    const children = [{ type: 'child' }] as unknown as Parameters<typeof settlementOf>[2];
    const settlement = settlementOf(CLAIM, 1, children);
    expect(settlement).toStrictEqual({ ...own, outcome: 'complete', result: 1, children });
    expect(settlementOf(CLAIM, snooze(5), children)).not.toHaveProperty('children');
  });

  it.each([circle, 1n, { toJSON: () => circle }])('%o is no result', (value) => {
    const refused = expect.objectContaining({
      code: 'run-failed',
      retryable: false,
      message: expect.stringMatching(/^the result is not JSON: ./),
      cause: expect.any(TypeError),
    });
    expect(() => settled(value)).toThrow(refused);
  });
});

describe('a verdict', () => {
  it('gives the promise up, or lets it wait', () => {
    expect(settled(cancel('moot'))).toStrictEqual({ ...own, outcome: 'cancel', reason: 'moot' });
    expect(settled(snooze('5m'))).toStrictEqual({ ...own, outcome: 'snooze', delayMs: 300_000 });
  });

  it('goes on from a state, which has to be JSON', () => {
    expect(settled(continueWith({ page: 2 }, { delay: 10 }))).toStrictEqual({
      ...own,
      outcome: 'snooze',
      delayMs: 10,
      state: { page: 2 },
    });
    const refused = expect.objectContaining({
      code: 'run-failed',
      message: expect.stringMatching(/^the state is not JSON: ./),
    });
    expect(() => settled(continueWith(circle as Json))).toThrow(refused);
  });
});

describe('an error', () => {
  const failed = (error: unknown, claim: Partial<Claim> = {}, random = 0) =>
    failureOf({ ...CLAIM, ...claim }, error, () => random);

  it('of anybody is tried again, after the wait of its attempt', () => {
    expect(failed(new TypeError('oh'))).toStrictEqual({
      ...own,
      outcome: 'fail',
      error: { code: 'run-failed', message: 'oh' },
      retryable: true,
      delayMs: 2_000,
    });
    expect(failed('thrown text')).toMatchObject({ error: { message: 'thrown text' } });
    const backoff = { kind: 'linear', delay: 100 } as const;
    expect(failed('x', { backoff, attempt: 3 })).toMatchObject({ delayMs: 300 });
    expect(failed('x', { backoff, attempt: 3 }, 0.5)).toMatchObject({ delayMs: 225 });
  });

  it('of ours says itself whether that makes sense, and has its code and its details', () => {
    const details = { status: 404 };
    expect(failed(new HoldfastError('response-not-ok', 'no', { details }))).toMatchObject({
      error: { code: 'response-not-ok', message: 'no', details },
      retryable: false,
    });
    const passing = new HoldfastError('response-not-ok', 'not now', { retryable: true });
    expect(failed(passing)).toMatchObject({
      error: { code: 'response-not-ok', message: 'not now' },
      retryable: true,
    });
    expect(failed(passing)).not.toHaveProperty('error.details');
  });

  it('is not tried sooner than its target has asked for', () => {
    const asking = (retryAfterMs: unknown) =>
      new HoldfastError('response-not-ok', 'no', { retryable: true, details: { retryAfterMs } });
    expect(failed(asking(60_000))).toMatchObject({ delayMs: 60_000 });
    expect(failed(asking(1_000))).toMatchObject({ delayMs: 2_000 });
    expect(failed(asking('60000'))).toMatchObject({ delayMs: 2_000 });
    // Only what we have read from an answer is taken for that.
    const foreign = Object.assign(new Error('no'), { details: { retryAfterMs: 60_000 } });
    expect(failed(foreign)).toMatchObject({ delayMs: 2_000 });
  });

  it('is stored as far as it is short enough', () => {
    expect(failed('x'.repeat(2_000))).toMatchObject({ error: { message: 'x'.repeat(2_000) } });
    expect(failed('x'.repeat(2_001))).toMatchObject({
      error: { message: `${'x'.repeat(1_999)}…` },
    });
    // As JSON, `{"a":"…"}` is 8 characters longer than what it holds.
    const withDetails = (length: number) =>
      failed(new HoldfastError('run-failed', 'no', { details: { a: 'x'.repeat(length) } }));
    expect(withDetails(7_992)).toHaveProperty('error.details.a', 'x'.repeat(7_992));
    expect(withDetails(7_993)).not.toHaveProperty('error.details');
  });
});

describe('a text that is stored', () => {
  it('has nothing that no database keeps', () => {
    expect(storableText('a\u0000b\u0000\ud800', 9)).toBe('a\ufffdb\ufffd\ufffd');
  });

  it('is cut where it is too long; half a character becomes a mark', () => {
    expect(storableText('abcd', 4)).toBe('abcd');
    expect(storableText('abcde', 4)).toBe('abc…');
    expect(storableText('ab🎉cd', 4)).toBe('ab\ufffd…');
  });
});
