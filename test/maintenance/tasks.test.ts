import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import { Messages } from '../../src/records/index.js';
import { maintenanceTasks } from '../../src/tasks/maintenance/index.js';
import { BUDGET, DAY, house, MINUTE, settled, setUp, T0 } from './fixture.js';
import { openPair, PLACES } from './place.js';

describe('checkpoint of files', () => {
  it('goes on to the other database when one cannot be reached', async () => {
    const { enter } = await setUp('files');
    const { queue, maintenance } = await enter();
    await queue.close();
    expect(await maintenance().runNow('checkpoint')).toMatchObject({
      outcome: 'failed',
      error: { code: 'database-closed', message: expect.stringMatching(/^queue: /) },
      counts: { queue: { error: { code: 'database-closed' } }, system: { outcome: 'done' } },
    });
  });
});

describe('checkpoint of self-hosted servers', () => {
  it('asks their admin API', async () => {
    const { place, clock } = await setUp('servers');
    const pair = await openPair(place, place.adminUrls);
    const run = await house(pair, clock, clock.now).maintenance().runNow('checkpoint');
    expect(run).toMatchObject({
      outcome: 'completed',
      counts: { queue: { outcome: 'done' }, system: { outcome: 'done' } },
    });
  });

  it('goes on to the other when the admin API of one does not answer', async () => {
    const { place, clock } = await setUp('servers');
    const { adminUrls = { queue: '', system: '' } } = place;
    const pair = await openPair(place, { ...adminUrls, queue: 'http://127.0.0.1:9' });
    const run = await house(pair, clock, clock.now).maintenance().runNow('checkpoint');
    expect(run).toMatchObject({
      outcome: 'failed',
      counts: { queue: { error: { code: expect.any(String) } }, system: { outcome: 'done' } },
    });
  });
});

describe.each(PLACES)('maintenance tasks on %s', (kind) => {
  it('checkpoint moves the log of both databases into their files, or says who does', async () => {
    const { enter } = await setUp(kind);
    const { promises, maintenance } = await enter();
    await settled(promises, 10, 'complete');
    const run = await maintenance().runNow('checkpoint');
    expect(run).toMatchObject({ outcome: 'completed', trigger: 'manual', recorded: true });
    if (kind === 'servers') {
      expect(run.counts).toMatchObject({
        queue: { outcome: 'managed', walBytes: null },
        system: { outcome: 'managed', walBytes: null },
      });
      return;
    }
    for (const name of ['queue', 'system']) {
      const counts = run.counts[name] as Record<string, number>;
      expect(counts).toMatchObject({ outcome: 'done', busy: false });
      expect(counts.logFrames).toBeGreaterThan(0);
      expect(counts.checkpointedFrames).toBe(counts.logFrames);
      expect(counts.walBytes).toBeGreaterThan(0);
    }
  });

  it('recovery makes stalled promises due again', async () => {
    const { clock, enter } = await setUp(kind);
    const { promises, maintenance } = await enter();
    await promises.enqueue([
      { id: uuidv7(), type: 'echo' },
      { id: uuidv7(), type: 'echo' },
    ]);
    const ask = { token: uuidv7(), worker: 'lost', limit: 10, leaseMs: 30_000 };
    expect(await promises.claim(ask)).toHaveLength(2);
    await clock.advance(30_000);
    const settings = { sliceRowsMax: 1 };
    const run = await maintenance({ settings }).runNow('recovery');
    expect(run.counts).toEqual({ stalled: 2, quarantined: 0, orphaned: 0, done: true });
    expect((await promises.figures()).byStatus).toMatchObject({ pending: 2, in_progress: 0 });
  });

  it('cleanup deletes what was settled more than 7 days ago, slice by slice', async () => {
    const { clock, enter } = await setUp(kind);
    const { promises, maintenance } = await enter();
    await settled(promises, 1_100, 'complete');
    await settled(promises, 20, 'fail');
    await clock.advance(3 * DAY);
    await settled(promises, 5, 'complete');
    await clock.advance(4 * DAY + 1);
    const settings = { slicesMax: 2 };
    const first = await maintenance({ settings }).runNow('cleanup');
    expect(first.counts.promises).toEqual({ deleted: 1_000, done: false });
    const second = await maintenance({ settings }).runNow('cleanup');
    expect(second.counts.promises).toEqual({ deleted: 120, done: true });
    expect((await promises.figures()).byStatus).toMatchObject({ completed: 5, failed: 0 });
  });

  it('cleanup goes on with every tick while more is old enough, then at its interval', async () => {
    const { clock, enter } = await setUp(kind);
    const { promises, maintenance, runs } = await enter();
    await settled(promises, 1_100, 'complete');
    await clock.advance(7 * DAY + 1);
    const working = maintenance({ settings: { slicesMax: 1 } });
    const ran: number[] = [];
    for (let minute = 0; minute < 10; minute += 1) {
      const round = await working.runDue(BUDGET);
      if (round.runs.some(({ task }) => task === 'cleanup')) ran.push(minute);
      await clock.advance(MINUTE);
    }
    expect(ran).toEqual([0, 1, 2]);
    const { data } = await runs.list({ task: 'cleanup' });
    expect(data.map(({ counts }) => counts.promises)).toEqual([
      { deleted: 100, done: true },
      { deleted: 500, done: false },
      { deleted: 500, done: false },
    ]);
    expect((await promises.figures()).byStatus).toMatchObject({ completed: 0 });
  });

  it('cleanup deletes old maintenance runs and health snapshots', async () => {
    const { clock, enter } = await setUp(kind);
    const { runs, snapshots, maintenance } = await enter();
    await maintenance().runNow('health');
    await clock.advance(14 * DAY + 1);
    expect((await maintenance().runNow('cleanup')).counts).toMatchObject({
      maintenanceRuns: { deleted: 1, done: true },
      healthSnapshots: { deleted: 0, done: true },
    });
    await clock.advance(16 * DAY);
    expect((await maintenance().runNow('cleanup')).counts).toMatchObject({
      maintenanceRuns: { deleted: 1, done: true },
      healthSnapshots: { deleted: 1, done: true },
    });
    expect((await runs.list()).data).toHaveLength(1);
    expect(await snapshots.latest()).toBeUndefined();
  });

  it('cleanup-messages deletes old messages', async () => {
    const { enter } = await setUp(kind);
    const { system, maintenance } = await enter();
    const messages = new Messages(system);
    for (const [messageId, age] of [
      ['old', 31 * DAY],
      ['young', 29 * DAY],
    ] as const) {
      const message = { id: uuidv7(), chat: 'c', messageId, text: '', kind: 'missed' } as const;
      await messages.add({ ...message, receivedAt: T0 - age });
    }
    const run = await maintenance().runNow('cleanup-messages');
    expect(run.counts).toEqual({ messages: { deleted: 1, done: true } });
    expect((await messages.list()).data.map(({ messageId }) => messageId)).toEqual(['young']);
  });

  it('health keeps the report as history', async () => {
    const { enter } = await setUp(kind);
    const { promises, snapshots, maintenance } = await enter();
    await settled(promises, 3, 'complete');
    await settled(promises, 1, 'fail');
    const run = await maintenance().runNow('health');
    expect(run.counts).toMatchObject({ status: 'ok', databasesOk: 2, successRate: 0.75 });
    expect(await snapshots.latest()).toMatchObject({
      id: run.id,
      takenAt: T0,
      status: 'ok',
      report: { status: 'ok', queue: { byStatus: { completed: 3, failed: 1 } } },
    });
  });

  it('sync is skipped where there is no replica, and not scheduled', async () => {
    const { enter } = await setUp(kind);
    const { runs, maintenance } = await enter();
    const round = await maintenance().runDue({ budgetMs: MINUTE });
    expect(round.runs.map(({ task }) => task)).not.toContain('sync');
    const run = await maintenance().runNow('sync');
    const topology = kind === 'files' ? 'file' : 'remote';
    expect(run).toMatchObject({
      outcome: 'skipped',
      reason: `only an embedded replica can be synced: queue is ${topology}, system is ${topology}`,
    });
    expect((await runs.list({ task: 'sync' })).data).toHaveLength(1);
  });

  it('stops between two slices when told to', async () => {
    const { clock, enter } = await setUp(kind);
    const home = await enter();
    await settled(home.promises, 30, 'complete');
    await clock.advance(8 * DAY);
    const stop = new AbortController();
    const promises = {
      recover: () => home.promises.recover(),
      recoverWaiting: () => home.promises.recoverWaiting(),
      prune: (options: { settledBeforeMs: number }) => {
        stop.abort();
        return home.promises.prune(options);
      },
    };
    const settings = { sliceRowsMax: 10 };
    const subjects = { ...home, promises, sqlClock: clock.now };
    const tasks = maintenanceTasks(subjects, settings);
    const run = await home.maintenance({ tasks }).runNow('cleanup', { signal: stop.signal });
    expect(run).toMatchObject({
      outcome: 'completed',
      counts: { promises: { deleted: 10, done: false }, maintenanceRuns: { done: false } },
    });
  });
});
