import { describe, expect, it, vi } from 'vitest';
import { HoldfastError } from '../../src/core/index.js';
import type { RunEnd } from '../../src/records/index.js';
import type { MaintenanceTask, TaskName } from '../../src/tasks/maintenance/index.js';
import { VirtualClock } from '../../src/testing/index.js';
import { soon } from '../support/soon.js';
import { BUDGET, MINUTE, setUp, T0 } from './fixture.js';
import { PLACES } from './place.js';

const done: RunEnd = { outcome: 'completed', counts: {} };

const task = (
  name: TaskName,
  run: MaintenanceTask['run'] = async () => done,
  over: Partial<MaintenanceTask> = {},
): MaintenanceTask => ({ name, intervalMs: 5 * MINUTE, run, ...over });

/** A run that waits until the test opens it. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const run = vi.fn(async () => {
    await opened;
    return done;
  });
  return { open, run };
}

const names = (runs: readonly { readonly task: string }[]) => runs.map((run) => run.task);

describe('maintenance', () => {
  it('refuses a name that is none, and tells those that are', async () => {
    const { enter } = await setUp('files');
    const maintenance = (await enter()).maintenance({ tasks: [task('recovery'), task('health')] });
    await expect(maintenance.runNow('vacuum')).rejects.toMatchObject({
      code: 'not-found',
      message: 'no maintenance task "vacuum"; there are recovery, health',
      details: { tasks: ['recovery', 'health'] },
    });
  });

  it('refuses a lease that a run may outlive, by name', async () => {
    const { enter } = await setUp('files');
    const { maintenance } = await enter();
    const settings = { runMsMax: MINUTE, leaseMs: MINUTE };
    expect(() => maintenance({ tasks: [], settings })).toThrow(
      'leaseMs: must be at least runMsMax and 35000 ms (received 60000)',
    );
  });

  it('runs what is due, in order, and records each run', async () => {
    const { clock, enter } = await setUp('files');
    const { runs, maintenance } = await enter();
    const counts = { queue: { walBytes: 4_096 } };
    const runner = maintenance({
      tasks: [
        task('recovery', async () => {
          await clock.advance(1_500);
          return done;
        }),
        task('checkpoint', async () => ({ outcome: 'completed', counts })),
        task('sync', async () => ({ outcome: 'skipped', counts: {}, reason: 'no replica' })),
        task('health', undefined, { intervalMs: null }),
      ],
    });
    const round = await runner.runDue(BUDGET);
    expect(round).toMatchObject({ postponed: [], failures: [] });
    expect(round.runs).toMatchObject([
      { task: 'recovery', trigger: 'schedule', startedAt: T0, durationMs: 1_500, recorded: true },
      { task: 'checkpoint', outcome: 'completed', counts },
      { task: 'sync', outcome: 'skipped', reason: 'no replica' },
    ]);
    expect(names((await runs.list()).data)).toEqual(['sync', 'checkpoint', 'recovery']);
    expect((await runner.runDue(BUDGET)).runs).toEqual([]);
    await clock.advance(5 * MINUTE);
    expect(names((await runner.runDue(BUDGET)).runs)).toEqual(['recovery', 'checkpoint', 'sync']);
  });

  it('goes on to the others when one fails', async () => {
    const { enter } = await setUp('files');
    const { runs, maintenance } = await enter();
    const runner = maintenance({
      tasks: [
        task('recovery', () => Promise.reject(new HoldfastError('database-busy', 'held'))),
        task('checkpoint', () => {
          throw new TypeError('a bug');
        }),
        task('health'),
      ],
    });
    expect((await runner.runDue(BUDGET)).runs).toMatchObject([
      { outcome: 'failed', counts: {}, error: { code: 'database-busy', message: 'held' } },
      { outcome: 'failed', counts: {}, error: { code: 'internal', message: 'a bug' } },
      { outcome: 'completed' },
    ]);
    expect((await runs.list()).data).toHaveLength(3);
  });

  it('leaves to the next round what it has no time for', async () => {
    const { clock, enter } = await setUp('files');
    const { maintenance } = await enter();
    const slow = async () => {
      await clock.advance(2_000);
      return done;
    };
    const runner = maintenance({
      tasks: [task('recovery', slow), task('checkpoint', slow), task('health')],
    });
    const first = await runner.runDue({ budgetMs: 3_000 });
    expect([names(first.runs), first.postponed]).toEqual([['recovery', 'checkpoint'], ['health']]);
    expect(names((await runner.runDue({ budgetMs: 3_000 })).runs)).toEqual(['health']);
    await clock.advance(5 * MINUTE);
    const stopped = await runner.runDue({ ...BUDGET, signal: AbortSignal.abort() });
    expect(stopped).toMatchObject({ runs: [], postponed: ['recovery', 'checkpoint', 'health'] });
  });

  it('tells a run to stop when its time is over, and gives it up when it does not', async () => {
    const { clock, enter } = await setUp('files');
    const { maintenance } = await enter();
    let told = false;
    const deaf = task('recovery', ({ signal }) => {
      signal.addEventListener('abort', () => {
        told = true;
      });
      return new Promise(() => {});
    });
    const running = maintenance({ tasks: [deaf] }).runNow('recovery');
    await soon(() => expect(clock.sleepers).toBe(1));
    await clock.advance(MINUTE);
    expect(told).toBe(true);
    await soon(() => expect(clock.sleepers).toBe(1));
    await clock.advance(5_000);
    expect(await running).toMatchObject({
      outcome: 'failed',
      error: { code: 'attempt-timeout', message: 'recovery: still running after 60000 ms' },
      durationMs: 65_000,
      recorded: true,
    });
  });

  it('joins the run that is under way here', async () => {
    const { enter } = await setUp('files');
    const { runs, maintenance } = await enter();
    const { open, run } = gate();
    const runner = maintenance({ tasks: [task('recovery', run)] });
    const all = [runner.runNow('recovery'), runner.runNow('recovery')];
    await soon(() => expect(run).toHaveBeenCalled());
    const round = runner.runDue(BUDGET);
    all.push(runner.runNow('recovery'));
    open();
    const ids = (await Promise.all(all)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(1);
    expect((await round).runs).toEqual([]);
    expect((await runs.list()).data).toHaveLength(1);
  });
});

describe.each(PLACES)('two runners on %s', (kind) => {
  it('do each due thing once', async () => {
    const { clock, enter } = await setUp(kind);
    const [one, two] = [await enter(), await enter()];
    const calls: string[] = [];
    const tasks = (['recovery', 'checkpoint', 'health', 'cleanup'] as const).map((name) =>
      task(name, async () => {
        calls.push(name);
        return done;
      }),
    );
    const runners = [one.maintenance({ tasks }), two.maintenance({ tasks })];
    for (let round = 1; round <= 3; round += 1) {
      const rounds = await Promise.all(runners.map((runner) => runner.runDue(BUDGET)));
      expect(rounds.flatMap(({ failures }) => failures)).toEqual([]);
      expect(calls.splice(0).sort()).toEqual(['checkpoint', 'cleanup', 'health', 'recovery']);
      expect((await one.runs.list()).data).toHaveLength(4 * round);
      await clock.advance(5 * MINUTE);
    }
  });

  it('share the run that one of them has under way', async () => {
    const { clock, enter } = await setUp(kind);
    const [one, two] = [await enter(), await enter()];
    const { open, run } = gate();
    const other = vi.fn(async () => done);
    const running = one.maintenance({ tasks: [task('health', run)] }).runDue(BUDGET);
    await soon(() => expect(run).toHaveBeenCalled());
    const joined = two.maintenance({ tasks: [task('health', other)] }).runNow('health');
    await soon(() => expect(clock.sleepers).toBe(2));
    open();
    const [finished] = (await running).runs;
    await clock.advance(50);
    expect(await joined).toEqual(finished);
    expect(other).not.toHaveBeenCalled();
  });

  it('pass a run on when its runner is silent for its lease, and record it once', async () => {
    const { clock, enter } = await setUp(kind);
    // The first runner's process stands still: its own clock does not go on.
    const [one, two] = [await enter(new VirtualClock()), await enter()];
    const { open, run } = gate();
    const lost = one.maintenance({ tasks: [task('health', run)] }).runDue(BUDGET);
    await soon(() => expect(run).toHaveBeenCalled());
    const next = two.maintenance({ tasks: [task('health')] });
    await clock.advance(2 * MINUTE - 1);
    expect((await next.runDue(BUDGET)).runs).toEqual([]);
    await clock.advance(1);
    const [good] = (await next.runDue(BUDGET)).runs;
    open();
    const [bad] = (await lost).runs;
    expect(good).toMatchObject({ outcome: 'completed', startedAt: T0 + 2 * MINUTE });
    expect(bad).toMatchObject({ outcome: 'failed', error: { code: 'lease-expired' } });
    expect((await two.runs.list()).data.map(({ id }) => id)).toEqual([good?.id, bad?.id]);
  });

  it('take over, when asked for a run, from a runner that is lost', async () => {
    const { clock, enter } = await setUp(kind);
    const [one, two] = [await enter(new VirtualClock()), await enter()];
    const { open, run } = gate();
    const lost = one.maintenance({ tasks: [task('health', run)] }).runNow('health');
    await soon(() => expect(run).toHaveBeenCalled());
    const asked = two.maintenance({ tasks: [task('health')] }).runNow('health');
    await soon(() => expect(clock.sleepers).toBe(1));
    const finished = vi.fn();
    void asked.then(finished);
    await soon(async () => {
      await clock.advance(2_000);
      expect(finished).toHaveBeenCalled();
    });
    expect(await asked).toMatchObject({ outcome: 'completed', trigger: 'manual' });
    expect((await asked).startedAt).toBeGreaterThanOrEqual(T0 + 2 * MINUTE);
    open();
    expect(await lost).toMatchObject({ outcome: 'failed', error: { code: 'lease-expired' } });
  });

  it('stop waiting for the other when told to', async () => {
    const { clock, enter } = await setUp(kind);
    const [one, two] = [await enter(), await enter()];
    const { open, run } = gate();
    const running = one.maintenance({ tasks: [task('health', run)] }).runNow('health');
    await soon(() => expect(run).toHaveBeenCalled());
    const stop = new AbortController();
    const waiting = two.maintenance({ tasks: [task('health')] });
    const asked = waiting.runNow('health', { signal: stop.signal });
    await soon(() => expect(clock.sleepers).toBe(2));
    stop.abort();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    open();
    expect(await running).toMatchObject({ outcome: 'completed' });
  });

  it('keep the vital tasks going while the system database is down', async () => {
    const { enter } = await setUp(kind);
    const { system, runs, maintenance } = await enter();
    const vital = vi.fn(async () => done);
    const other = vi.fn(async () => done);
    const tasks = [task('recovery', vital, { vital: true }), task('cleanup', other)];
    const runner = maintenance({ tasks });
    await system.close();
    const round = await runner.runDue(BUDGET);
    expect(round.failures).toMatchObject([{ task: null, error: { code: 'database-closed' } }]);
    expect(round.runs).toMatchObject([
      { task: 'recovery', trigger: 'schedule', outcome: 'completed', recorded: false },
    ]);
    expect(await runner.runNow('recovery')).toMatchObject({ trigger: 'manual', recorded: false });
    await expect(runner.runNow('cleanup')).rejects.toMatchObject({ code: 'database-closed' });
    expect(vital).toHaveBeenCalledTimes(2);
    expect(other).not.toHaveBeenCalled();
    await expect(runs.list()).rejects.toMatchObject({ code: 'database-closed' });
  });

  it('tell of a run whose record could not be kept', async () => {
    const { enter } = await setUp(kind);
    const { system, maintenance } = await enter();
    const tasks = [
      task('recovery', async () => {
        await system.close();
        return { outcome: 'completed', counts: { stalled: 1 } };
      }),
      task('health'),
    ];
    const round = await maintenance({ tasks }).runDue(BUDGET);
    expect(round.runs).toMatchObject([
      { task: 'recovery', counts: { stalled: 1 }, recorded: false },
    ]);
    expect(round.failures).toMatchObject([{ task: 'health', error: { code: 'database-closed' } }]);
  });
});
