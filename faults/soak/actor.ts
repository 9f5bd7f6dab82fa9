/** A process of a soak: its clients ask, its executor keeps promises, and it tells how it is. */

import { once, setMaxListeners } from 'node:events';
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
    return context.id;
  },
});
const childTask = defineTask({ type: 'child', input: z.unknown(), run: () => 'done' });

async function prune(store: PromiseStore, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    await store.prune({ settledBeforeMs: KEPT_MS }).catch(tally.failed);
    await recover(store).catch(tally.failed);
    await sleep(PRUNE_EVERY_MS);
  }
}

/** Nobody dies here: there should be nothing to recover. */
async function recover(store: PromiseStore): Promise<void> {
  const { stalled, orphaned } = await store.recover();
  for (let left = stalled + orphaned; left > 0; left -= 1) tally.log.warn('recovered');
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

async function soak(orders: SoakOrders, stopping: AbortSignal): Promise<void> {
  const { clients, everyMs, keeps, prunes, sampleEveryMs } = orders;
  const working: Promise<void>[] = [];
  for (let client = 0; client < clients; client += 1) {
    const database = await openQueue(orders);
    const store = new PromiseStore(database);
    working.push(new Client(store, tally).work(everyMs, stopping));
    if (client > 0) continue;
    // The thread of checkpoints begins with the first round: whatever is needed is there from now on.
    await database.checkpoint().catch(tally.failed);
    if (keeps) serve(database, store);
    if (prunes) void prune(store, stopping);
  }
  const tell = () => process.send?.(tally.sample());
  setInterval(tell, sampleEveryMs);
  await Promise.all(working);
  tally.isLast = true;
  tell();
}

// Nobody is left to end it.
process.once('disconnect', () => process.exit());
const [orders] = (await once(process, 'message')) as [SoakOrders];
const stopping = new AbortController();
// Every client sleeps until then.
setMaxListeners(orders.clients + 1, stopping.signal);
process.once('message', () => stopping.abort());
await soak(orders, stopping.signal);
