/** A process of a soak: its clients ask, its executor keeps promises, and it tells how it is. */

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Database, openDatabase } from '../../src/db/index.js';
import { PromiseStore, Schedules } from '../../src/promises/index.js';
import { defineTask, Executor, Scheduler, snooze, TaskRegistry } from '../../src/tasks/index.js';
import { Client } from './client.js';
import { KEPT_MS, type SoakOrders } from './orders.js';
import { Tally } from './tally.js';

const PRUNE_EVERY_MS = 500;

const tally = new Tally();

/** Most end well; some fail, ask for more time, or make another. */
const soakTask = defineTask({
  type: 'soak',
  input: z.unknown(),
  run: async (_input, context) => {
    await sleep(Math.random() * 20);
    const dice = Math.random();
    if (dice < 0.1) throw new Error('it did not work');
    if (dice < 0.15) return snooze(500);
    if (dice < 0.2) context.enqueue('child', null);
    tally.kept += 1;
    return context.id;
  },
});
const childTask = defineTask({ type: 'child', input: z.unknown(), run: () => 'done' });

async function prune(store: PromiseStore): Promise<void> {
  for (;;) {
    await store.prune({ settledBeforeMs: KEPT_MS }).catch(tally.failed);
    await store.recover().catch(tally.failed);
    await sleep(PRUNE_EVERY_MS);
  }
}

function serve(database: Database, store: PromiseStore): void {
  const { log } = tally;
  const registry = new TaskRegistry([soakTask, childTask]);
  new Executor({ store, registry, worker: `${process.pid}`, log }).start();
  new Scheduler({ schedules: new Schedules(database), log }).start();
}

function openQueue({ url, walBytesMax }: SoakOrders): Promise<Database> {
  const bounds =
    walBytesMax === undefined
      ? {}
      : { checkpoints: { walBytesMax }, settings: { journalSizeLimitBytes: walBytesMax } };
  return openDatabase({ name: 'queue', url, profile: 'queue', ...bounds });
}

async function soak(orders: SoakOrders): Promise<void> {
  const { clients, everyMs, keeps, prunes, sampleEveryMs } = orders;
  for (let client = 0; client < clients; client += 1) {
    const database = await openQueue(orders);
    const store = new PromiseStore(database);
    void new Client(store, tally).work(everyMs);
    if (client > 0) continue;
    // The thread of checkpoints begins with the first round: whatever is needed is there from now on.
    await database.checkpoint().catch(tally.failed);
    if (keeps) serve(database, store);
    if (prunes) void prune(store);
  }
  setInterval(() => process.send?.(tally.sample()), sampleEveryMs);
}

const [orders] = (await once(process, 'message')) as [SoakOrders];
await soak(orders);
