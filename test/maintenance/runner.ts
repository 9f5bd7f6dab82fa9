/**
 * One process of maintenance, for the tests that need another one. It reads its
 * orders as JSON from the first argument, says `ready`, waits for the line `go`,
 * runs one round and prints what it ran. A task that is `held` says `holding` and
 * goes on at the line `release`.
 */
import { createInterface } from 'node:readline';
import { openDatabase } from '../../src/db/index.js';
import { PromiseStore } from '../../src/promises/index.js';
import { HealthReporter } from '../../src/tasks/health-report.js';
import {
  Maintenance,
  type MaintenanceTask,
  maintenanceTasks,
} from '../../src/tasks/maintenance/index.js';

export interface Orders {
  readonly queueUrl: string;
  readonly systemUrl: string;
  /** The time, by the database's clock. */
  readonly now: number;
  readonly held?: string;
}

const orders = JSON.parse(process.argv[2] ?? '') as Orders;
const lines = createInterface({ input: process.stdin });
const said = (word: string) =>
  new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (line === word) resolve();
    });
  });
const say = (line: string) => process.stdout.write(`${line}\n`);

const queue = await openDatabase({ name: 'queue', url: orders.queueUrl, profile: 'queue' });
const system = await openDatabase({ name: 'system', url: orders.systemUrl, profile: 'system' });
const sqlClock = () => orders.now;
const promises = new PromiseStore(queue, { clock: sqlClock });
const health = new HealthReporter({ queue, system, promises, sqlClock });
const tasks = maintenanceTasks({ queue, system, promises, health, sqlClock });
const released = said('release');

function hold(task: MaintenanceTask): MaintenanceTask {
  if (task.name !== orders.held) return task;
  const run: MaintenanceTask['run'] = async (context) => {
    say('holding');
    await released;
    return task.run(context);
  };
  return { ...task, run };
}

const maintenance = new Maintenance({ system, sqlClock, tasks: tasks.map(hold) });
const go = said('go');
say('ready');
await go;
const round = await maintenance.runDue({ budgetMs: 60_000 });
say(JSON.stringify(round));
await Promise.all([queue.close(), system.close()]);
lines.close();
