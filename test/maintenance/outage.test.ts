import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/index.js';
import { PromiseStore } from '../../src/promises/index.js';
import { HealthReporter } from '../../src/tasks/health-report.js';
import { Maintenance, maintenanceTasks } from '../../src/tasks/maintenance/index.js';
import { DAY, T0 } from './fixture.js';
import { makePlace, openPair, type PlaceKind } from './place.js';

const BUDGET = { budgetMs: 60_000 };
/** Waits for what is away are real: short. */
const HURRIED = { scheduleDeadlineMs: 200 };

async function setUp(kind: PlaceKind) {
  const place = await makePlace(kind);
  const { queue, system } = await openPair(place);
  const time = { now: T0 };
  const sqlClock = () => time.now;
  const promises = new PromiseStore(queue, { clock: sqlClock });
  const databases = { queue, system, promises, sqlClock };
  const health = new HealthReporter({ ...databases, settings: { timeoutMs: 2_000 } });
  const maintenanceOf = (settings = {}) => {
    const tasks = maintenanceTasks({ ...databases, health }, settings);
    return new Maintenance({ system, tasks, settings, sqlClock });
  };
  const [maintenance, hurried] = [maintenanceOf(), maintenanceOf(HURRIED)];
  return { place, time, promises, health, maintenance, hurried };
}

/** Holds the write lock of the system database as another process does, while `during` runs. */
async function whileLocked<T>(systemUrl: string, during: () => Promise<T>): Promise<T> {
  const other = await openDatabase({ name: 'other', url: systemUrl, profile: 'system' });
  try {
    return await other.transaction(during, { holdMsMax: 30_000 });
  } finally {
    await other.close();
  }
}

describe('maintenance in an outage', () => {
  it('recovers while another process keeps the system file locked, and catches up later', async () => {
    const { place, time, promises, maintenance, hurried } = await setUp('files');
    await maintenance.runDue(BUDGET);
    await promises.enqueue([{ id: uuidv7(), type: 'echo' }]);
    await promises.claim({ token: uuidv7(), worker: 'lost', limit: 1, leaseMs: 1_000 });
    time.now += DAY;
    const locked = await whileLocked(place.systemUrl, () => hurried.runDue(BUDGET));
    expect(locked.runs).toMatchObject([
      { task: 'recovery', outcome: 'completed', recorded: false, counts: { stalled: 1 } },
    ]);
    const busy = { code: 'database-busy' };
    expect(locked.failures).toMatchObject([
      { task: 'checkpoint', error: busy },
      { task: 'health', error: busy },
      { task: 'cleanup', error: busy },
      { task: 'cleanup-messages', error: busy },
      { task: 'vacuum', error: busy },
    ]);
    const free = await maintenance.runDue(BUDGET);
    expect(free.failures).toEqual([]);
    expect(free.runs.map(({ task, recorded }) => [task, recorded])).toEqual(
      ['recovery', 'checkpoint', 'health', 'cleanup', 'cleanup-messages', 'vacuum'].map((task) => [
        task,
        true,
      ]),
    );
  });

  it('recovers while the server of the system database is gone', async () => {
    const { place, hurried } = await setUp('servers');
    await place.killServer('system');
    const round = await hurried.runDue(BUDGET);
    expect(round.runs).toMatchObject([
      { task: 'recovery', outcome: 'completed', recorded: false, counts: { done: true } },
    ]);
    expect(round.failures).toMatchObject([{ task: null }]);
  });

  it('looks after the system database while the server of the queue is gone', async () => {
    const { place, health, maintenance } = await setUp('servers');
    await place.killServer('queue');
    const { runs, failures } = await maintenance.runDue(BUDGET);
    expect(failures).toEqual([]);
    const outcomes = Object.fromEntries(runs.map(({ task, outcome }) => [task, outcome]));
    expect(outcomes).toEqual({
      recovery: 'failed',
      checkpoint: 'completed',
      health: 'completed',
      cleanup: 'failed',
      'cleanup-messages': 'completed',
    });
    expect(await health.report()).toMatchObject({
      status: 'degraded',
      databases: [
        { name: 'queue', ok: false },
        { name: 'system', ok: true },
      ],
    });
  });
});
