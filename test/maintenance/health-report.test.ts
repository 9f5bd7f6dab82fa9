import { uuidv7 } from 'uuidv7';
import { describe, expect, it, vi } from 'vitest';
import type { Database } from '../../src/db/index.js';
import { HealthReporter } from '../../src/tasks/health-report.js';
import { TASK_NAMES } from '../../src/tasks/maintenance/index.js';
import { soon } from '../support/soon.js';
import { MINUTE, settled, setUp, T0 } from './fixture.js';
import { PLACES } from './place.js';

/** A database that answers as the real one does until it is told to hang. */
function hangable(database: Database) {
  const state = { hangs: false, asked: 0 };
  const proxy = new Proxy(database, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (state.hangs && (name === 'read' || name === 'verify')) {
        return () => {
          state.asked += 1;
          return new Promise(() => {});
        };
      }
      return value.bind(target);
    },
  });
  return { proxy, state };
}

describe('the health report', () => {
  it('refuses a timeout that is none, by name', async () => {
    const { enter } = await setUp('files');
    const house = await enter();
    const settings = { timeoutMs: 0 };
    expect(() => new HealthReporter({ ...house, settings })).toThrow(/^timeoutMs: /);
  });

  it('answers in time, with the last good figures, when a database hangs', async () => {
    const { clock, enter } = await setUp('files');
    const house = await enter();
    const { proxy, state } = hangable(house.queue);
    const promises = { figures: () => proxy.read([]).then(() => house.promises.figures()) };
    const health = new HealthReporter({ ...house, queue: proxy, promises, clock });
    await settled(house.promises, 2, 'complete');
    const good = await health.report();
    expect(good).toMatchObject({ status: 'ok', queue: { stale: false, at: T0 } });
    state.hangs = true;
    await clock.advance(MINUTE);
    for (let report = 1; report <= 2; report += 1) {
      const asked = health.report();
      await soon(() => expect(clock.sleepers).toBe(2));
      await clock.advance(2_000);
      expect(await asked).toMatchObject({
        status: 'degraded',
        reasons: ['queue: database-timeout: no answer within 2000 ms'],
        queue: { ...good.queue, stale: true, at: T0 },
        databases: [
          { name: 'queue', ok: false, stale: true, at: T0, error: { code: 'database-timeout' } },
          { name: 'system', ok: true, stale: false },
        ],
      });
    }
    // One look at its settings and one at its data, not one more a report.
    expect(state.asked).toBe(2);
  });

  it('does not call a database unreadable whose writer is busy', async () => {
    const { clock, enter } = await setUp('files');
    const house = await enter();
    const verify = vi.fn(house.queue.verify.bind(house.queue));
    const queue = new Proxy(house.queue, {
      get(target, name) {
        const value: unknown = name === 'verify' ? verify : Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const health = new HealthReporter({ ...house, queue, clock });
    await health.report();
    verify.mockReturnValue(new Promise(() => {}));
    const asked = health.report();
    await soon(() => expect(clock.sleepers).toBe(1));
    await clock.advance(2_000);
    expect(await asked).toMatchObject({
      status: 'ok',
      reasons: [],
      databases: [{ ok: true, stale: true, verified: true }, { ok: true }],
    });
  });
});

describe.each(PLACES)('the health report on %s', (kind) => {
  it('has the figures of the queue', async () => {
    const { clock, enter } = await setUp(kind);
    const { promises, health } = await enter();
    expect((await health.report()).queue).toMatchObject({
      oldestReadyAgeMs: null,
      stalled: 0,
      successRate: null,
      stale: false,
    });
    await settled(promises, 3, 'complete');
    await settled(promises, 1, 'fail');
    await promises.enqueue([
      { id: uuidv7(), type: 'echo' },
      { id: uuidv7(), type: 'echo', delay: 5_000 },
    ]);
    await promises.claim({ token: uuidv7(), worker: 'w', limit: 1, leaseMs: 1_000 });
    await clock.advance(8_000);
    expect(await health.report()).toMatchObject({
      status: 'ok',
      reasons: [],
      checkedAt: T0 + 8_000,
      queue: {
        byStatus: { pending: 1, in_progress: 1, completed: 3, failed: 1, cancelled: 0 },
        oldestReadyAgeMs: 3_000,
        stalled: 1,
        successRate: 0.75,
        stale: false,
        at: T0 + 8_000,
      },
    });
  });

  it('has the verified settings, the log and the last checkpoint of both databases', async () => {
    const { clock, enter } = await setUp(kind);
    const [one, two] = [await enter(), await enter()];
    await settled(one.promises, 1, 'complete');
    const before = await two.health.report();
    expect(before.databases.map(({ lastCheckpoint }) => lastCheckpoint)).toEqual([null, null]);
    await one.maintenance().runNow('checkpoint');
    await clock.advance(1_000);
    for (const { health } of [one, two]) {
      const { databases } = await health.report();
      expect(databases.map(({ name }) => name)).toEqual(['queue', 'system']);
      for (const database of databases) {
        expect(database).toMatchObject({ ok: true, stale: false });
        expect(database).not.toHaveProperty('error');
        if (kind === 'servers') {
          expect(database).toMatchObject({ topology: 'remote', managedBy: 'server' });
          expect(database.lastCheckpoint).toMatchObject({ outcome: 'managed' });
          continue;
        }
        expect(database).toMatchObject({
          topology: 'file',
          managedBy: 'holdfast',
          verified: true,
          settings: { journalMode: 'wal', busyDeadlineMs: 30_000, foreignKeys: true },
          lastCheckpoint: { outcome: 'done', busy: false },
        });
        expect(database.walBytes).toBeGreaterThan(0);
      }
    }
  });

  it('has the last run of each maintenance task, and when it is due', async () => {
    const { clock, enter } = await setUp(kind);
    const { health, maintenance } = await enter();
    await maintenance().runDue({ budgetMs: 10 * MINUTE });
    const done = { outcome: 'completed', startedAt: T0 };
    await clock.advance(MINUTE);
    expect((await health.report()).maintenance).toMatchObject([
      { task: 'recovery', lastRun: done, nextDueAt: T0 + 5 * MINUTE },
      { task: 'sync', lastRun: null, nextDueAt: null },
      { task: 'checkpoint', lastRun: done, nextDueAt: T0 + 15 * MINUTE },
      { task: 'sweep-messages', lastRun: null, nextDueAt: null },
      { task: 'health', lastRun: done, nextDueAt: T0 + 15 * MINUTE },
      { task: 'cleanup', lastRun: done, nextDueAt: T0 + 30 * MINUTE },
      { task: 'cleanup-messages', lastRun: done, nextDueAt: T0 + 1_440 * MINUTE },
      { task: 'analysis', lastRun: null, nextDueAt: null },
      kind === 'files'
        ? { task: 'vacuum', lastRun: done, nextDueAt: T0 + 60 * MINUTE }
        : { task: 'vacuum', lastRun: null, nextDueAt: null },
      { task: 'backup', lastRun: null, nextDueAt: null },
    ]);
  });

  it('falls back on what it saw last when the queue is gone', async () => {
    const { clock, enter } = await setUp(kind);
    const { queue, promises, health } = await enter();
    await settled(promises, 2, 'complete');
    const good = await health.report();
    await queue.close();
    await clock.advance(MINUTE);
    const { status, reasons, queue: figures, databases } = await health.report();
    expect(status).toBe('degraded');
    expect(reasons[0]).toMatch(/^queue: database-closed: /);
    expect(figures).toEqual({ ...good.queue, stale: true, at: T0 });
    expect(databases).toMatchObject([
      { name: 'queue', ok: false, error: { code: 'database-closed' } },
      { name: 'system', ok: true },
    ]);
  });

  it('falls back on the last snapshot of any process when it has seen nothing', async () => {
    const { clock, enter } = await setUp(kind);
    const [one, two] = [await enter(), await enter()];
    await settled(one.promises, 2, 'complete');
    await one.maintenance().runNow('health');
    await clock.advance(MINUTE);
    await two.queue.close();
    expect(await two.health.report()).toMatchObject({
      status: 'degraded',
      queue: { byStatus: { completed: 2 }, successRate: 1, stale: true, at: T0 },
      databases: [
        { name: 'queue', ok: false },
        { name: 'system', ok: true },
      ],
    });
  });

  it('answers without figures when nothing is known and nothing answers', async () => {
    const { enter } = await setUp(kind);
    const { queue, system, health } = await enter();
    await Promise.all([queue.close(), system.close()]);
    const report = await health.report();
    expect(report.status).toBe('degraded');
    expect(report.reasons).toHaveLength(2);
    expect(report.queue).toEqual({
      byStatus: null,
      oldestReadyAgeMs: null,
      stalled: null,
      successRate: null,
      stale: true,
      at: null,
    });
    expect(report.maintenance).toHaveLength(TASK_NAMES.length);
    expect(report.databases.map(({ settings }) => settings)).toEqual([null, null]);
  });

  it('goes on in history, as degraded, when the queue is gone', async () => {
    const { enter } = await setUp(kind);
    const { queue, snapshots, maintenance } = await enter();
    const runner = maintenance();
    await queue.close();
    expect(await runner.runNow('health')).toMatchObject({
      outcome: 'completed',
      counts: { status: 'degraded', databasesOk: 1, pending: null },
    });
    expect(await snapshots.latest()).toMatchObject({ status: 'degraded' });
  });
});
