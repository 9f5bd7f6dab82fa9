import { uuidv7 } from 'uuidv7';
import { beforeEach, describe, expect, it } from 'vitest';
import { HealthSnapshots, MaintenanceSchedule } from '../../src/records/index.js';
import { makePlace, openPair } from '../maintenance/place.js';

const T0 = 1_800_000_000_000;

describe('the history of health', () => {
  let now: number;
  let schedule: MaintenanceSchedule;
  let snapshots: HealthSnapshots;

  beforeEach(async () => {
    now = T0;
    const clock = () => now;
    const { system } = await openPair(await makePlace('files'));
    schedule = new MaintenanceSchedule(system, { clock });
    snapshots = new HealthSnapshots(system, { clock });
  });

  async function take(): Promise<string> {
    const runId = uuidv7();
    const entry = { task: 'health', intervalMs: 60_000 };
    await schedule.take(entry, { runId, trigger: 'manual', leaseMs: 60_000 });
    return runId;
  }
  async function keep(): Promise<string> {
    const runId = await take();
    await snapshots.add({ runId, status: 'ok', report: { stalled: 0 } });
    await schedule.finish('health', runId, { outcome: 'completed', counts: {} });
    return runId;
  }

  it('keeps nothing of a run that has lost its lease', async () => {
    const lost = await take();
    now += 60_000;
    const next = await take();
    await snapshots.add({ runId: lost, status: 'degraded', report: {} });
    expect(await snapshots.latest()).toBeUndefined();
    await snapshots.add({ runId: next, status: 'ok', report: { stalled: 3 } });
    await snapshots.add({ runId: next, status: 'degraded', report: {} });
    expect((await snapshots.list()).data).toEqual([
      { id: next, takenAt: now, status: 'ok', report: { stalled: 3 } },
    ]);
  });

  it('lists newest first, page after page', async () => {
    const ids = [await keep(), await keep(), await keep()].reverse();
    const { data, nextCursor } = await snapshots.list({ limit: 2 });
    const rest = await snapshots.list({ limit: 2, cursor: nextCursor ?? '' });
    expect([...data, ...rest.data].map(({ id }) => id)).toEqual(ids);
    expect(rest.nextCursor).toBeNull();
    expect((await snapshots.latest())?.id).toBe(ids[0]);
  });

  it('prunes what is old enough', async () => {
    await keep();
    now += 10_000;
    const young = await keep();
    expect(await snapshots.prune({ olderThanMs: 5_000 })).toBe(1);
    expect((await snapshots.list()).data.map(({ id }) => id)).toEqual([young]);
  });
});
