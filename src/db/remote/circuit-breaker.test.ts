import { describe, expect, it } from 'vitest';
import { systemClock } from '../../core/index.js';
import { CircuitBreaker } from './circuit-breaker.js';

function open() {
  const time = { now: 1_000 };
  const breaker = new CircuitBreaker({ ...systemClock, monotonic: () => time.now });
  const fail = (times: number, retryAfterMs = 0, isProbe = false) => {
    for (let failures = 0; failures < times; failures += 1) {
      breaker.failed(new Error('no answer'), retryAfterMs, isProbe);
    }
  };
  /** Lets `ms` pass and one probe fail. */
  const failProbe = (ms: number, retryAfterMs = 0) => {
    time.now += ms;
    expect(breaker.enter()).toBe(0);
    fail(1, retryAfterMs, true);
  };
  return { time, breaker, fail, failProbe };
}

describe('a circuit', () => {
  it('lets everything through until five failures in a row', () => {
    const { breaker, fail } = open();
    fail(4);
    expect([breaker.enter(), breaker.enter(), breaker.state]).toEqual([0, 0, 'closed']);
    breaker.succeeded();
    fail(4);
    expect([breaker.enter(), breaker.state]).toEqual([0, 'closed']);
    fail(1);
    expect([breaker.enter(), breaker.state]).toEqual([500, 'open']);
  });

  it('keeps the error that opened it', () => {
    const { breaker } = open();
    expect(breaker.lastError).toBeUndefined();
    const error = new Error('no answer');
    breaker.failed(error, 0, false);
    expect(breaker.lastError).toBe(error);
  });

  it('that is open lets one probe through, when half a second is over', () => {
    const { time, breaker, fail } = open();
    fail(5);
    time.now += 499;
    expect([breaker.enter(), breaker.state]).toEqual([1, 'open']);
    time.now += 1;
    expect([breaker.enter(), breaker.state]).toEqual([0, 'half-open']);
    expect([breaker.enter(), breaker.state]).toEqual([500, 'half-open']);
  });

  it('is closed by a good probe, and as patient as ever afterwards', () => {
    const { time, breaker, fail, failProbe } = open();
    fail(5);
    failProbe(500);
    time.now += 1_000;
    breaker.enter();
    breaker.succeeded();
    expect([breaker.enter(), breaker.state]).toEqual([0, 'closed']);
    fail(4);
    expect(breaker.state).toBe('closed');
    fail(1);
    expect(breaker.enter()).toBe(500);
  });

  it('waits twice as long after each failed probe, up to a second and a half', () => {
    const { breaker, fail, failProbe } = open();
    fail(5);
    failProbe(500);
    expect([breaker.enter(), breaker.state]).toEqual([1_000, 'open']);
    failProbe(1_000);
    expect(breaker.enter()).toBe(1_500);
    failProbe(1_500);
    expect(breaker.enter()).toBe(1_500);
  });

  it('does not wait longer for failures of calls that were under way when it opened', () => {
    const { time, breaker, fail } = open();
    fail(5);
    time.now += 400;
    fail(3);
    expect(breaker.enter()).toBe(100);
    fail(1, 700);
    expect(breaker.enter()).toBe(700);
  });

  it('leaves the verdict to the probe when another call fails meanwhile', () => {
    const { time, breaker, fail } = open();
    fail(5);
    time.now += 500;
    expect(breaker.enter()).toBe(0);
    fail(3);
    expect([breaker.state, breaker.enter()]).toEqual(['half-open', 500]);
    fail(1, 0, true);
    expect([breaker.enter(), breaker.state]).toEqual([1_000, 'open']);
    fail(1, 0, true);
    expect(breaker.enter()).toBe(1_000);
  });

  it('rests as long as the server asks for, two minutes at most', () => {
    const asked = (ms: number) => {
      const { breaker, fail } = open();
      fail(5, ms);
      return breaker.enter();
    };
    expect([asked(499), asked(30_000), asked(120_000), asked(1e9)]).toEqual([
      500, 30_000, 120_000, 120_000,
    ]);
  });

  it('sends another probe when one is not answered, or its caller gave up', () => {
    const { time, breaker, fail } = open();
    fail(5);
    time.now += 500;
    expect(breaker.enter()).toBe(0);
    time.now += 200;
    expect(breaker.enter()).toBe(300);
    time.now += 300;
    expect([breaker.enter(), breaker.enter()]).toEqual([0, 500]);
    breaker.abandoned();
    expect([breaker.enter(), breaker.state]).toEqual([0, 'half-open']);
  });
});
