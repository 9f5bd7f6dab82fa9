import { backupsOf } from '#functions/platform';
import type { Log } from '../src/core/index.js';
import type { Database } from '../src/db/index.js';
import { PromiseStore } from '../src/promises/index.js';
import {
  HealthReporter,
  type Inbox,
  lockFiguresOf,
  Maintenance,
  maintenanceTasks,
} from '../src/tasks/index.js';
import { type Databases, openDatabases } from './databases.js';
import type { Settings } from './env.js';
import { healthAlert } from './health-alert.js';

interface UpkeepParts extends Databases {
  readonly store: PromiseStore;
  readonly inbox: Inbox;
}

interface Surroundings {
  readonly settings: Settings;
  readonly log: Log;
}

/** What looks after the service: the health report, and maintenance. */
export function upkeepOf(around: Surroundings, parts: UpkeepParts) {
  const { settings } = around;
  const { queue, system, store, inbox } = parts;
  const thresholds = thresholdsOf(settings);
  const health = new HealthReporter({ queue, system, promises: store, thresholds });
  const alert = healthAlert(settings, store);
  const analysis = reflectionOf(around, parts);
  const backups = backupsOf(settings);
  const subjects = { queue, system, promises: store, health, alert, inbox, analysis, backups };
  const tasks = maintenanceTasks(subjects);
  return { health, maintenance: new Maintenance({ system, tasks, log: around.log }) };
}

function thresholdsOf(settings: Settings) {
  return {
    busyPromises: settings.HEALTH_BUSY_PROMISES,
    readyAgeMs: settings.HEALTH_READY_AGE,
    successRateMin: settings.HEALTH_SUCCESS_PERCENT / 100,
    walBytesMax: settings.HEALTH_WAL_BYTES_MAX,
  };
}

/** What reflection works with. It reads through handles of its own, closed before anything else. */
function reflectionOf({ settings, log }: Surroundings, { queue, system, store }: UpkeepParts) {
  return {
    borrow: async () => {
      const isOne = [queue, system].some(({ topology }) => ONE_OPEN.has(topology));
      if (isOne) return { queue, system, close: async () => {} };
      const own = await openDatabases(settings, log);
      return { ...own, close: () => closeBoth(own) };
    },
    figures: (database: Database) => new PromiseStore(database).figures(),
    locks: () => [
      lockFiguresOf('queue', queue.telemetry()),
      lockFiguresOf('system', system.telemetry()),
    ],
    promises: settings.MODEL_NAME === undefined ? undefined : store,
  };
}

/** What cannot be opened beside itself: memory would be another one, a replica has one owner. */
const ONE_OPEN: ReadonlySet<string> = new Set(['memory', 'replica']);

async function closeBoth({ queue, system }: Databases): Promise<void> {
  await queue.close();
  await system.close();
}
