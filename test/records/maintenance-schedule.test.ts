import { uuidv7 } from 'uuidv7';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/index.js';
import { MaintenanceRuns, MaintenanceSchedule, type RunEnd } from '../../src/records/index.js';
import { makePlace, openPair, PLACES } from '../maintenance/place.js';

const MINUTE = 60_000;
const T0 = 1_800_000_000_000;
const ENTRY = { task: 'recovery', intervalMs: 5 * MINUTE } as const;
const DONE: RunEnd = { outcome: 'completed', counts: { stalled: 2 } };

describe.each(PLACES)('the maintenance schedule on %s', (kind) => {
  let system: Database;
  let schedule: MaintenanceSchedule;
  /** The same over a connection of its own. */
  let other: MaintenanceSchedule;
  let runs: MaintenanceRuns;
  let now: number;

  beforeEach(async () => {
    now = T0;
    const clock = () => now;
    const place = await makePlace(kind);
    ({ system } = await openPair(place));
    schedule = new MaintenanceSchedule(system, { clock });
    other = new MaintenanceSchedule((await openPair(place)).system, { clock });
    runs = new MaintenanceRuns(system, { clock });
  });

  const ask = (trigger: 'schedule' | 'manual' = 'schedule', runId = uuidv7()) => ({
    runId,
    trigger,
    leaseMs: 2 * MINUTE,
  });
  const dueAt = async () => (await schedule.plan([ENTRY]))[0]?.nextDueAt;

  it('refuses a task that is not due', async () => {
    const first = ask();
    await schedule.take(ENTRY, first);
    await schedule.finish('recovery', first.runId, DONE);
    expect(await schedule.take(ENTRY, ask())).toEqual({ state: 'not-due' });
  });

  it('refuses a task whose run is under way, and names that run', async () => {
    const first = ask();
    expect(await schedule.take(ENTRY, first)).toEqual({ state: 'taken', startedAt: T0 });
    now += MINUTE;
    const refused = { state: 'under-way', runId: first.runId };
    expect(await other.take(ENTRY, ask())).toEqual(refused);
    expect(await other.take(ENTRY, ask('manual'))).toEqual(refused);
  });

  it('gives a due task to one of two that ask at once', async () => {
    const taken = await Promise.all(
      [schedule, other, schedule, other].map((one) => one.take(ENTRY, ask())),
    );
    expect(taken.filter(({ state }) => state === 'taken')).toHaveLength(1);
    expect(taken.filter(({ state }) => state === 'under-way')).toHaveLength(3);
  });

  it('has a new task due at once, and writes the plan once', async () => {
    expect(await schedule.plan([ENTRY])).toEqual([{ ...ENTRY, nextDueAt: T0, due: true }]);
    const { writes } = system.telemetry().total;
    await schedule.plan([ENTRY]);
    expect(system.telemetry().total.writes).toBe(writes);
  });

  it('keeps due times on their grid and leaves missed ones out', async () => {
    await schedule.plan([ENTRY]);
    now = T0 + 17 * MINUTE + 300;
    const run = ask();
    await schedule.take(ENTRY, run);
    await schedule.finish('recovery', run.runId, DONE);
    expect(await dueAt()).toBe(T0 + 20 * MINUTE);
  });

  it('leaves the due time alone for a run that was asked for', async () => {
    const first = ask();
    await schedule.take(ENTRY, first);
    await schedule.finish('recovery', first.runId, DONE);
    now += MINUTE;
    expect(await schedule.take(ENTRY, ask('manual'))).toMatchObject({ state: 'taken' });
    expect(await dueAt()).toBe(T0 + 5 * MINUTE);
  });

  it('takes a changed interval over', async () => {
    const daily = { task: 'recovery', intervalMs: 1_440 * MINUTE };
    const first = ask();
    await schedule.take(daily, first);
    await schedule.finish('recovery', first.runId, DONE);
    now += MINUTE;
    expect(await dueAt()).toBe(T0 + 6 * MINUTE);
    expect(await schedule.plan([{ task: 'recovery', intervalMs: null }])).toEqual([
      { task: 'recovery', intervalMs: null, nextDueAt: null, due: false },
    ]);
    expect(await dueAt()).toBe(now);
  });

  it('gives the same answers to what is sent again', async () => {
    const run = ask();
    const taken = await schedule.take(ENTRY, run);
    now += 5;
    expect(await schedule.take(ENTRY, run)).toEqual(taken);
    const finished = await schedule.finish('recovery', run.runId, DONE);
    now += 5;
    expect(await schedule.finish('recovery', run.runId, DONE)).toEqual(finished);
    expect(finished).toEqual({
      id: run.runId,
      task: 'recovery',
      trigger: 'schedule',
      startedAt: T0,
      finishedAt: T0 + 5,
      durationMs: 5,
      ...DONE,
    });
    expect((await runs.list()).data).toEqual([finished]);
  });

  it('passes a lost run on when its lease is over, and records it once', async () => {
    const lost = ask('manual');
    await schedule.take(ENTRY, lost);
    now += 2 * MINUTE - 1;
    expect((await other.plan([ENTRY]))[0]?.due).toBe(false);
    expect(await other.progress('recovery', lost.runId)).toEqual({ state: 'under-way' });
    now += 1;
    expect((await other.plan([ENTRY]))[0]?.due).toBe(true);
    expect(await other.progress('recovery', lost.runId)).toEqual({ state: 'lost' });

    const next = ask();
    expect(await other.take(ENTRY, next)).toMatchObject({ state: 'taken' });
    const late = await schedule.finish('recovery', lost.runId, DONE);
    expect(late).toMatchObject({ outcome: 'failed', error: { code: 'lease-expired' } });
    const good = await other.finish('recovery', next.runId, DONE);
    expect(await schedule.finish('recovery', lost.runId, DONE)).toEqual(late);
    expect((await runs.list()).data).toEqual([good, late]);
  });

  it('lets a slow runner record its run while nobody has taken over', async () => {
    const slow = ask();
    await schedule.take(ENTRY, slow);
    now += 3 * MINUTE;
    expect(await schedule.finish('recovery', slow.runId, DONE)).toMatchObject(DONE);
  });

  it('tells the last run and the next due time of every task', async () => {
    const cleanup = { task: 'cleanup', intervalMs: 30 * MINUTE };
    await schedule.plan([ENTRY, cleanup]);
    for (const outcome of ['completed', 'failed'] as const) {
      const run = ask('manual');
      await schedule.take(ENTRY, run);
      const error = { code: 'internal', message: 'no' } as const;
      await schedule.finish('recovery', run.runId, { outcome, counts: {}, error });
    }
    const overview = await schedule.overview();
    expect(overview.get('cleanup')).toEqual({ nextDueAt: T0, lastRun: null });
    expect(overview.get('recovery')).toMatchObject({ lastRun: { outcome: 'failed' } });
  });
});
