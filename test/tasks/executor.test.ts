import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { HoldfastError } from '../../src/core/index.js';
import { PromiseStore } from '../../src/promises/index.js';
import { cancel, defineTask, snooze } from '../../src/tasks/index.js';
import { soon } from '../support/soon.js';
import { gate, MINUTE, setUp } from './fixture.js';

const any = z.any();

describe('executor', () => {
  it('keeps what is due, and what comes due later, without being told', async () => {
    const { executor, make, until, clock } = await setUp([
      defineTask({ type: 'double', input: z.number(), run: (n) => n * 2 }),
    ]);
    const now = await make({ type: 'double', payload: 4 });
    const later = await make({ type: 'double', payload: 5, delay: MINUTE });
    executor.start();
    expect(await until(now, 'completed')).toMatchObject({ result: 8 });
    await soon(() => expect(clock.sleepers).toBe(1));
    expect(await until(later, 'pending')).toBeDefined();
    await clock.advance(MINUTE);
    expect(await until(later, 'completed')).toMatchObject({ result: 10 });
  });

  it('leaves types that it does not have to others', async () => {
    const { executor, make, until } = await setUp([
      defineTask({ type: 'a', input: any, run: () => 1 }),
    ]);
    const foreign = await make({ type: 'b' });
    executor.start();
    await until(await make({ type: 'a' }), 'completed');
    expect(await until(foreign, 'pending')).toMatchObject({ attempt: 0 });
  });

  it('tries again after its backoff, at the earliest when the target allows it, then fails with the history', async () => {
    const error = (retryAfterMs: number) =>
      new HoldfastError('response-not-ok', 'busy', { retryable: true, details: { retryAfterMs } });
    const { executor, make, until, clock, store } = await setUp([
      defineTask({
        type: 't',
        input: any,
        run: (_input, context) => {
          throw error(context.attempt === 1 ? 20_000 : 0);
        },
      }),
    ]);
    const id = await make({ type: 't', maxAttempts: 2, backoff: { kind: 'fixed', delay: 1_000 } });
    executor.start();
    await soon(async () => expect(await store.failures(id)).toHaveLength(1));
    expect(await until(id, 'pending')).toMatchObject({ runAt: clock.now() + 20_000 });
    await clock.advance(20_000);
    expect(await until(id, 'failed')).toMatchObject({
      attempt: 2,
      error: { code: 'response-not-ok' },
    });
    expect((await store.failures(id)).map((failure) => failure.attempt)).toEqual([1, 2]);
  });

  it('does not try again what is not to be retried, nor an input that its task refuses', async () => {
    const { executor, make, until } = await setUp([
      defineTask({
        type: 'gone',
        input: any,
        run: () => {
          throw new HoldfastError('response-not-ok', '410 Gone');
        },
      }),
      defineTask({ type: 'strict', input: z.strictObject({ a: z.string() }), run: () => null }),
    ]);
    const gone = await make({ type: 'gone' });
    const wrong = await make({ type: 'strict', payload: { a: 1 } });
    executor.start();
    expect(await until(gone, 'failed')).toMatchObject({ attempt: 1 });
    expect(await until(wrong, 'failed')).toMatchObject({ error: { code: 'input-invalid' } });
  });

  it('heeds verdicts: snooze burns no attempt, cancel ends without an error', async () => {
    let runs = 0;
    const { executor, make, until, clock } = await setUp([
      defineTask({
        type: 's',
        input: any,
        run: () => {
          runs += 1;
          return runs === 1 ? snooze(MINUTE) : 'done';
        },
      }),
      defineTask({ type: 'c', input: any, run: () => cancel('no longer wanted') }),
    ]);
    const snoozed = await make({ type: 's', maxAttempts: 1 });
    const given = await make({ type: 'c' });
    executor.start();
    expect(await until(given, 'cancelled')).toMatchObject({
      error: { message: 'no longer wanted' },
    });
    await soon(() => expect(runs).toBe(1));
    await soon(() => expect(clock.sleepers).toBe(1));
    await clock.advance(MINUTE);
    expect(await until(snoozed, 'completed')).toMatchObject({ attempt: 1, result: 'done' });
  });

  it('aborts an attempt at its timeout and does not wait for a handler that will not end', async () => {
    let reason: unknown;
    const { executor, make, until, clock } = await setUp([
      defineTask({
        type: 'slow',
        input: any,
        run: (_input, { signal }) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason;
          });
          return new Promise<null>(() => {});
        },
      }),
    ]);
    const id = await make({ type: 'slow', timeout: 5_000, maxAttempts: 1 });
    executor.start();
    await until(id, 'in_progress');
    await clock.advance(5_000);
    expect(await until(id, 'failed')).toMatchObject({ error: { code: 'attempt-timeout' } });
    expect(reason).toMatchObject({ code: 'attempt-timeout' });
  });

  it('keeps the lease of a long run by heartbeats, so that nobody else runs it', async () => {
    const { opened, open } = gate();
    const { executor, make, until, clock, store } = await setUp(
      [defineTask({ type: 'long', input: any, run: () => opened.then(() => 'done') })],
      { leaseMs: 30_000 },
    );
    const id = await make({ type: 'long', timeout: 60 * MINUTE });
    executor.start();
    await until(id, 'in_progress');
    for (let beat = 0; beat < 30; beat += 1) {
      await clock.advance(10_000);
      await soon(async () =>
        expect(await store.get(id)).toMatchObject({ leaseExpiresAt: clock.now() + 30_000 }),
      );
    }
    open();
    expect(await until(id, 'completed')).toMatchObject({ attempt: 1, crashes: 0 });
  });

  it('aborts the handler of a promise that is cancelled in its process at once', async () => {
    const { opened, open } = gate();
    const { executor, make, until, clock, store } = await setUp([
      defineTask({
        type: 'long',
        input: any,
        run: (_input, { signal }) => {
          signal.addEventListener('abort', open);
          return new Promise<null>(() => {});
        },
      }),
    ]);
    const id = await make({ type: 'long' });
    executor.start();
    await until(id, 'in_progress');
    const before = clock.now();
    await store.cancel(id);
    await opened;
    expect(clock.now()).toBe(before);
    expect(await until(id, 'cancelled')).toBeDefined();
    // Told of a promise that it still has, it goes on.
    const other = await make({ type: 'long' });
    await until(other, 'in_progress');
    store.tellLost([other]);
    await soon(async () => expect(await store.get(other)).toMatchObject({ attempt: 1 }));
    expect(await until(other, 'in_progress')).toBeDefined();
  });

  it('aborts the handler of a promise that another process cancels, at the next heartbeat', async () => {
    const { opened, open } = gate();
    const { executor, make, until, clock, database } = await setUp([
      defineTask({
        type: 'long',
        input: any,
        run: (_input, { signal }) => {
          signal.addEventListener('abort', open);
          return new Promise<null>(() => {});
        },
      }),
    ]);
    const id = await make({ type: 'long' });
    executor.start();
    await until(id, 'in_progress');
    await new PromiseStore(database, { clock: clock.now }).cancel(id);
    await clock.advance(10_000);
    await opened;
    expect(await until(id, 'cancelled')).toBeDefined();
  });

  it('recovers what a dead worker held when its lease ends', async () => {
    const { executor, make, until, clock, store } = await setUp([
      defineTask({ type: 'a', input: any, run: () => 'kept' }),
    ]);
    const id = await make({ type: 'a' });
    await store.claim({ token: 'dead', worker: 'dead', limit: 1, leaseMs: 30_000 });
    executor.start();
    await soon(() => expect(clock.sleepers).toBe(1));
    await clock.advance(30_000);
    expect(await until(id, 'completed')).toMatchObject({ result: 'kept', crashes: 1 });
  });

  it('runs no more at once than it may', async () => {
    let running = 0;
    let most = 0;
    const { opened, open } = gate();
    const { executor, make, until } = await setUp(
      [
        defineTask({
          type: 'a',
          input: any,
          run: async () => {
            running += 1;
            most = Math.max(most, running);
            await opened;
            running -= 1;
            return null;
          },
        }),
      ],
      { concurrency: 3 },
    );
    const ids = await Promise.all(Array.from({ length: 10 }, () => make({ type: 'a' })));
    executor.start();
    await soon(() => expect(running).toBe(3));
    open();
    for (const id of ids) await until(id, 'completed');
    expect(most).toBe(3);
  });

  it('hands back on stop what does not end in time, without burning an attempt', async () => {
    const { executor, make, until } = await setUp([
      defineTask({ type: 'a', input: any, run: () => new Promise<null>(() => {}) }),
    ]);
    const id = await make({ type: 'a', maxAttempts: 1 });
    executor.start();
    await until(id, 'in_progress');
    await executor.stop(0);
    expect(await until(id, 'pending')).toMatchObject({ attempt: 0, crashes: 0 });
  });

  it('works within a budget: keeps what comes due in it, ends when nothing more will', async () => {
    const { executor, make, until, clock } = await setUp([
      defineTask({ type: 'a', input: any, run: () => null }),
    ]);
    const first = await make({ type: 'a', delay: 5_000 });
    const later = await make({ type: 'a', delay: 10 * MINUTE });
    const report = executor.runUntilIdle({ claimMs: MINUTE, drainMs: 1_000 });
    await soon(() => expect(clock.sleepers).toBe(1));
    await clock.advance(5_000);
    expect(await report).toEqual({ claimed: 1, settled: 1 });
    await until(first, 'completed');
    await until(later, 'pending');
  });

  it('may be stopped while a round of it ends: both wait for what runs', async () => {
    const { open, opened } = gate();
    const { executor, make, until } = await setUp([
      defineTask({ type: 'a', input: any, run: () => opened.then(() => 'kept') }),
    ]);
    const id = await make({ type: 'a' });
    const report = executor.runUntilIdle({ claimMs: 0, drainMs: MINUTE });
    expect(await report).toEqual({ claimed: 0, settled: 0 });
    executor.start();
    await until(id, 'in_progress');
    const stopped = [executor.stop(MINUTE), executor.stop(MINUTE)];
    open();
    await Promise.all(stopped);
    expect(await until(id, 'completed')).toMatchObject({ result: 'kept' });
  });

  it('fails a promise whose result is too large to keep, and says so', async () => {
    const { executor, make, until } = await setUp([
      defineTask({ type: 'a', input: any, run: () => 'x'.repeat(1_100_000) }),
    ]);
    const id = await make({ type: 'a' });
    executor.start();
    expect(await until(id, 'failed')).toMatchObject({ error: { code: 'payload-too-large' } });
  });

  it('settles the others when one of those that end together cannot be kept', async () => {
    const { executor, make, until } = await setUp([
      defineTask({
        type: 'a',
        input: z.number(),
        run: (n) => (n === 2 ? 'x'.repeat(1_100_000) : n),
      }),
    ]);
    const ids = await Promise.all([1, 2, 3].map((n) => make({ type: 'a', payload: n })));
    executor.start();
    for (const [at, id] of ids.entries()) {
      await until(id, at === 1 ? 'failed' : 'completed');
    }
  });

  it('keeps outcomes while the database is away, and settles them when it is back', async () => {
    const { executor, make, until, store, lines, clock } = await setUp([
      defineTask({ type: 'a', input: any, run: () => 'kept' }),
    ]);
    const ids = await Promise.all([1, 2, 3].map(() => make({ type: 'a' })));
    const settle = vi.spyOn(store, 'settle');
    settle.mockRejectedValueOnce(new HoldfastError('database-unavailable', 'away'));
    executor.start();
    await soon(() => expect(lines.join()).toContain('settlement-delayed'));
    const line = lines.find((one) => one.includes('settlement-delayed')) ?? '';
    expect(JSON.parse(line).error).toMatchObject({ code: 'database-unavailable', message: 'away' });
    for (const id of ids) await until(id, 'in_progress');
    expect(settle.mock.calls[0]?.[0]).toHaveLength(3);
    await clock.advance(1_000);
    for (const id of ids) expect(await until(id, 'completed')).toMatchObject({ result: 'kept' });
    expect(settle).toHaveBeenCalledTimes(2);
  });

  it('lets outcomes that end one after the other while the database is away wait as one, and go as one', async () => {
    const gates = Array.from({ length: 12 }, gate);
    const { executor, make, until, store, database, lines, clock } = await setUp([
      defineTask({
        type: 'a',
        input: z.number(),
        run: (at) => gates[at]?.opened.then(() => 'kept'),
      }),
    ]);
    const ids = await Promise.all(gates.map((_gate, payload) => make({ type: 'a', payload })));
    const away = new HoldfastError('database-unavailable', 'away');
    const settle = vi.spyOn(store, 'settle').mockRejectedValue(away);
    executor.start();
    for (const id of ids) await until(id, 'in_progress');
    const delayed = () => lines.filter((line) => line.includes('settlement-delayed')).length;
    const pauses = vi.spyOn(clock, 'sleep');
    for (const [ended, { open }] of gates.entries()) {
      open();
      await soon(() => expect(delayed()).toBe(ended + 1));
    }
    expect(pauses.mock.calls.filter(([ms]) => ms <= 100)).toHaveLength(1);
    settle.mockRestore();
    const writes = vi.spyOn(database, 'write');
    await clock.advance(1_000);
    for (const id of ids) expect(await until(id, 'completed')).toMatchObject({ result: 'kept' });
    const labels = writes.mock.calls.map(([, options]) => options?.label);
    expect(labels.filter((label) => label === 'promises.settle')).toHaveLength(1);
  });

  it('does not call a lease lost that its own settlement has ended', async () => {
    const { executor, make, until, store, lines } = await setUp([
      defineTask({ type: 'a', input: any, run: () => 'kept' }),
    ]);
    const id = await make({ type: 'a' });
    const heartbeat = vi.spyOn(store, 'heartbeat');
    const settle = store.settle.bind(store);
    vi.spyOn(store, 'settle').mockImplementationOnce(async (...args) => {
      const outcomes = await settle(...args);
      // A heartbeat between what is written and its answer.
      store.tellLost([id]);
      expect(await heartbeat.mock.results[0]?.value).toEqual([{ id, held: false }]);
      return outcomes;
    });
    executor.start();
    expect(await until(id, 'completed')).toMatchObject({ result: 'kept' });
    await executor.stop();
    expect(lines.join()).not.toContain('lease-lost');
  });
});
