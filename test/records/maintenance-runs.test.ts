import { uuidv7 } from 'uuidv7';
import { beforeEach, describe, expect, it } from 'vitest';
import { MaintenanceRuns, MaintenanceSchedule } from '../../src/records/index.js';
import { makePlace, openPair } from '../maintenance/place.js';

const T0 = 1_800_000_000_000;

describe('the history of maintenance', () => {
  let now: number;
  let runs: MaintenanceRuns;
  let run: (task: string) => Promise<string>;

  beforeEach(async () => {
    now = T0;
    const clock = () => now;
    const { system } = await openPair(await makePlace('files'));
    const schedule = new MaintenanceSchedule(system, { clock });
    runs = new MaintenanceRuns(system, { clock });
    run = async (task) => {
      const runId = uuidv7();
      const ask = { runId, trigger: 'manual', leaseMs: 60_000 } as const;
      await schedule.take({ task, intervalMs: 60_000 }, ask);
      await schedule.finish(task, runId, { outcome: 'skipped', counts: {}, reason: 'a test' });
      return runId;
    };
  });

  it('refuses a limit over 100 and a cursor that is none, by name', async () => {
    await expect(runs.list({ limit: 101 })).rejects.toThrow(/^limit: /);
    await expect(runs.list({ cursor: 'x' })).rejects.toThrow(/^cursor: .*\(received "x"\)/);
  });

  it('lists newest first, page after page, of one task or of all', async () => {
    const ids: string[] = [];
    for (const task of ['health', 'sync', 'health', 'sync', 'health']) ids.unshift(await run(task));
    const first = await runs.list({ limit: 2 });
    const second = await runs.list({ limit: 2, cursor: first.nextCursor ?? '' });
    const third = await runs.list({ limit: 2, cursor: second.nextCursor ?? '' });
    expect([first, second, third].flatMap(({ data }) => data.map(({ id }) => id))).toEqual(ids);
    expect(third.nextCursor).toBeNull();
    const health = await runs.list({ task: 'health', limit: 2 });
    const rest = await runs.list({ task: 'health', limit: 2, cursor: health.nextCursor ?? '' });
    expect([...health.data, ...rest.data].map(({ id }) => id)).toEqual([ids[0], ids[2], ids[4]]);
    expect(rest.nextCursor).toBeNull();
  });

  it('finds a run by its id, and knows of no other', async () => {
    const id = await run('sync');
    expect(await runs.get(id)).toMatchObject({ outcome: 'skipped', reason: 'a test' });
    expect(await runs.get(uuidv7())).toBeUndefined();
  });

  it('prunes what is old enough, a slice at a time, oldest first', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      ids.push(await run('sync'));
      now += 1_000;
    }
    const prune = () => runs.prune({ olderThanMs: 2_000, limit: 2 });
    expect([await prune(), await prune(), await prune()]).toEqual([2, 1, 0]);
    expect((await runs.list()).data.map(({ id }) => id)).toEqual([ids[4], ids[3]]);
  });
});
