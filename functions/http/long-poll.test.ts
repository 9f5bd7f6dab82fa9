import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/testing/index.js';
import { Bell, lookUntil, silentBell, WAIT_MS_MAX } from './long-poll.js';

const never = new AbortController().signal;
const isDone = () => false;

describe('looking until something is there', () => {
  test('looks once when nobody waits', async () => {
    let looks = 0;
    const look = async () => ++looks;
    expect(await lookUntil({ look, isDone }, 0, never, { bell: silentBell, looksMax: 20 })).toBe(1);
  });

  test('looks at most as often as it may, ever further apart up to 2 s', async () => {
    const clock = new VirtualClock();
    const pauses: number[] = [];
    const bell = {
      mark: () => 0,
      wait: async (_mark: number, ms: number) => {
        pauses.push(ms);
        await clock.advance(ms);
      },
    };
    let looks = 0;
    const look = async () => ++looks;
    const waiting = { bell, looksMax: 20 };
    expect(await lookUntil({ look, isDone }, WAIT_MS_MAX, never, waiting, clock)).toBe(20);
    expect(pauses[0]).toBe(250);
    expect(Math.max(...pauses)).toBe(2_000);
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
  });

  test('looks again when something comes due by itself', async () => {
    const clock = new VirtualClock();
    const pauses: number[] = [];
    const bell = {
      mark: () => 0,
      wait: async (_mark: number, ms: number) => {
        pauses.push(ms);
        await clock.advance(ms);
      },
    };
    const dueInMs = async () => 120 - clock.monotonic();
    const look = async () => clock.monotonic() >= 120;
    const waiting = { bell, looksMax: 20 };
    const seen = await lookUntil(
      { look, isDone: (due) => due, dueInMs },
      10_000,
      never,
      waiting,
      clock,
    );
    expect([seen, pauses]).toEqual([true, [120]]);
  });

  test('ends when its time is over, and when its signal aborts', async () => {
    const look = async () => 'nothing';
    const waiting = { bell: new Bell(), looksMax: Number.POSITIVE_INFINITY };
    expect(await lookUntil({ look, isDone }, 20, never, waiting)).toBe('nothing');
    const gone = new AbortController();
    const looking = lookUntil({ look, isDone }, WAIT_MS_MAX, gone.signal, waiting);
    gone.abort();
    expect(await looking).toBe('nothing');
  });
});

describe('a bell', () => {
  test('wakes who waits, and who was still looking when it rang', async () => {
    const bell = new Bell();
    const mark = bell.mark();
    const waiting = bell.wait(mark, WAIT_MS_MAX, never);
    bell.ring();
    await waiting;
    await bell.wait(mark, WAIT_MS_MAX, never);
    const ended = new AbortController();
    const next = bell.wait(bell.mark(), WAIT_MS_MAX, ended.signal);
    ended.abort();
    await next;
  });
});
