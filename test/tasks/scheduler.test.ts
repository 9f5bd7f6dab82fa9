import { describe, expect, it, onTestFinished } from 'vitest';
import { HoldfastError, silentLog } from '../../src/core/index.js';
import { newSchedule, PromiseStore, Schedules } from '../../src/promises/index.js';
import { Scheduler, type SchedulerOptions, tick } from '../../src/tasks/index.js';
import { VirtualClock } from '../../src/testing/index.js';
import { openQueue } from '../support/queue.js';
import { soon } from '../support/soon.js';

const MINUTE = 60_000;

async function setUp(wrap: (schedules: Schedules) => SchedulerOptions['schedules'] = (one) => one) {
  const clock = new VirtualClock();
  const database = await openQueue();
  const store = new PromiseStore(database, { clock: clock.now });
  const schedules = new Schedules(database, { clock: clock.now, onMade: () => store.notify() });
  const scheduler = new Scheduler({
    schedules: wrap(schedules),
    log: silentLog,
    clock,
    random: () => 0,
  });
  onTestFinished(() => scheduler.stop());
  const made = async () => (await store.figures()).byStatus.pending;
  const every = (name: string, interval: string) =>
    schedules.create(newSchedule.parse({ name, every: interval, promise: { type: 'echo' } }));
  return { clock, store, schedules, scheduler, made, every };
}

describe('scheduler', () => {
  it('fires to the second, and sleeps in between', async () => {
    const { clock, scheduler, made, every } = await setUp();
    await every('a', '7s');
    scheduler.start();
    for (let n = 1; n <= 5; n += 1) {
      await soon(() => expect(clock.sleepers).toBe(1));
      await clock.advance(7_000);
      await soon(async () => expect(await made()).toBe(n));
    }
  });

  it('notices a schedule that is made while it sleeps', async () => {
    const { clock, scheduler, made, every } = await setUp();
    scheduler.start();
    await soon(() => expect(clock.sleepers).toBe(1));
    await clock.advance(1_000);
    await every('a', '2s');
    await soon(async () => {
      await clock.advance(500);
      expect(await made()).toBeGreaterThan(0);
    });
    expect(clock.monotonic()).toBeLessThan(MINUTE);
  });

  it('tells whoever keeps promises of those it makes', async () => {
    const { clock, store, scheduler, every } = await setUp();
    let calls = 0;
    store.onChange(() => {
      calls += 1;
    });
    await every('a', '5s');
    scheduler.start();
    await soon(() => expect(clock.sleepers).toBe(1));
    await clock.advance(5_000);
    await soon(() => expect(calls).toBe(1));
  });

  it('goes on when the database was away', async () => {
    let away = true;
    const { clock, scheduler, made, every } = await setUp((schedules) => ({
      fireDue: () =>
        away
          ? Promise.reject(new HoldfastError('database-unavailable', 'away'))
          : schedules.fireDue(),
      nextDueInMs: () => schedules.nextDueInMs(),
      onChange: (listener) => schedules.onChange(listener),
    }));
    await every('a', '10s');
    scheduler.start();
    await soon(() => expect(clock.sleepers).toBe(1));
    await clock.advance(10_000);
    away = false;
    await soon(async () => {
      await clock.advance(1_000);
      expect(await made()).toBe(1);
    });
  });
});

describe('tick', () => {
  const maintenance = {
    runDue: async () => ({ runs: [], postponed: [], failures: [] }),
  };
  const budget = { maintenanceMs: 1_000, claimMs: 0, drainMs: 0 };

  it('fires what is due before all else', async () => {
    const { clock, schedules, every } = await setUp();
    await every('a', '20s');
    await clock.advance(MINUTE);
    const parts = { schedules, maintenance: maintenance as never, log: silentLog };
    const report = await tick(parts, budget);
    expect(report.schedules?.fired.map((one) => one.schedule)).toEqual(['a', 'a', 'a']);
  });

  it('does its maintenance also when schedules cannot be fired', async () => {
    const schedules = { fireDue: () => Promise.reject(new Error('no')) };
    const parts = { schedules, maintenance: maintenance as never, log: silentLog };
    expect(await tick(parts, budget)).toMatchObject({ schedules: null, maintenance: { runs: [] } });
  });
});
