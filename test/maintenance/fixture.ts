import { uuidv7 } from 'uuidv7';
import type { Clock } from '../../src/core/index.js';
import type { SqlClock } from '../../src/db/index.js';
import { PromiseStore, type Settlement } from '../../src/promises/index.js';
import { HealthSnapshots, MaintenanceRuns } from '../../src/records/index.js';
import { HealthReporter } from '../../src/tasks/health-report.js';
import {
  Maintenance,
  type MaintenanceSettingsInput,
  type MaintenanceTask,
  maintenanceTasks,
} from '../../src/tasks/maintenance/index.js';
import { VirtualClock } from '../../src/testing/index.js';
import { makePlace, openPair, type Pair, type PlaceKind } from './place.js';

export const T0 = 1_800_000_000_000;
export const MINUTE = 60_000;
export const DAY = 1_440 * MINUTE;
export const BUDGET = { budgetMs: 10 * MINUTE };

/** Everything of one process, over connections of its own. */
export interface House extends Pair {
  readonly promises: PromiseStore;
  readonly runs: MaintenanceRuns;
  readonly snapshots: HealthSnapshots;
  readonly health: HealthReporter;
  /** The real tasks, or `tasks`. */
  readonly maintenance: (options?: {
    readonly tasks?: readonly MaintenanceTask[];
    readonly settings?: MaintenanceSettingsInput;
  }) => Maintenance;
}

/**
 * An empty place, its time in the test's hands; `enter` builds as many houses on it
 * as are wanted, each with a process clock of its own if need be.
 */
export async function setUp(kind: PlaceKind) {
  const place = await makePlace(kind);
  const clock = new VirtualClock(T0);
  const enter = async (own = clock) => house(await openPair(place), own, clock.now);
  return { place, clock, enter };
}

export function house({ queue, system }: Pair, clock: Clock, sqlClock: SqlClock): House {
  const promises = new PromiseStore(queue, { clock: sqlClock, random: () => 0 });
  const health = new HealthReporter({ queue, system, promises, clock, sqlClock });
  const subjects = { queue, system, promises, health, sqlClock };
  return {
    queue,
    system,
    promises,
    runs: new MaintenanceRuns(system, { clock: sqlClock }),
    snapshots: new HealthSnapshots(system, { clock: sqlClock }),
    health,
    maintenance: ({ tasks, settings = {} } = {}) =>
      new Maintenance({
        system,
        settings,
        clock,
        sqlClock,
        tasks: tasks ?? maintenanceTasks(subjects, settings),
      }),
  };
}

/** Makes promises and settles them. */
export async function settled(
  promises: PromiseStore,
  count: number,
  outcome: 'complete' | 'fail',
): Promise<void> {
  await promises.enqueue(Array.from({ length: count }, () => ({ id: uuidv7(), type: 'echo' })));
  for (let left = count; left > 0; ) {
    const ask = { token: uuidv7(), worker: 'w', limit: 1_000, leaseMs: 30_000 };
    const claims = await promises.claim(ask);
    left -= claims.length;
    await promises.settle(
      claims.map(({ id, fence }): Settlement => {
        if (outcome === 'complete') return { id, fence, outcome };
        return {
          id,
          fence,
          outcome,
          error: { code: 'run-failed', message: 'no' },
          retryable: false,
        };
      }),
    );
  }
}
