/**
 * A process to be killed: makes promises and says so when it is told, keeps what is due, fires
 * schedules, recovers what others have left.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { HoldfastError, messageOf, newId } from '../../src/core/index.js';
import { type Database, openDatabase } from '../../src/db/index.js';
import { PromiseStore, Schedules } from '../../src/promises/index.js';
import { defineTask, Executor, TaskRegistry } from '../../src/tasks/index.js';
import { troubleLog } from '../trouble.js';
import { type ActorOrders, LEASE_MS } from './orders.js';
import { work } from './work.js';

const FIRES_EVERY_MS = 300;
const AGAIN_MS = 20;
/** More would keep the database busy, and from whoever asks over HTTP. */
const MAKES_EVERY_MS_MAX = 250;

/** What a run makes is made with its completion: as often as there are completions. */
const keep = defineTask({
  type: 'work',
  input: z.unknown(),
  run: async (_input, context) => {
    await work();
    context.enqueue('effect', { maker: context.id });
    return context.id;
  },
});
const effect = defineTask({ type: 'effect', input: z.unknown(), run: () => 'done' });

/** @param code of whatever is no error of ours */
function tellRefused(error: unknown, code: string): void {
  const word = error instanceof HoldfastError ? error.code : code;
  process.stdout.write(`refused ${word} ${messageOf(error).replaceAll('\n', ' ')}\n`);
}

/** However often the database refuses. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      tellRefused(error, 'unexpected');
      await sleep(AGAIN_MS);
    }
  }
}

async function make(store: PromiseStore, calls: number): Promise<void> {
  for (let call = 0; call < calls; call += 1) {
    const order = Array.from({ length: 1 + (call % 5) }, () => ({
      id: newId(),
      type: 'work',
      maxAttempts: 1_000,
      backoff: { kind: 'fixed' as const, delay: 20 },
      payload: call % 7 === 0 ? 'x'.repeat(2_000) : call,
      ...(call % 3 === 0 ? { concurrencyKey: `key-${call % 4}` } : {}),
    }));
    await insist(() => store.enqueue(order));
    // A pipe is written to at once: whoever reads this knows what the process was told.
    process.stdout.write(`made ${order.map(({ id }) => id).join(' ')}\n`);
    await sleep(Math.random() * MAKES_EVERY_MS_MAX);
  }
}

async function fire(database: Database): Promise<void> {
  const schedules = new Schedules(database);
  for (;;) {
    await insist(() => schedules.fireDue());
    await sleep(FIRES_EVERY_MS);
  }
}

async function act({ url, calls }: ActorOrders): Promise<void> {
  const database = await insist(() => openDatabase({ name: 'queue', url, profile: 'queue' }));
  const store = new PromiseStore(database);
  const executor = new Executor({
    store,
    registry: new TaskRegistry([keep, effect]),
    worker: `${process.pid}`,
    log: troubleLog((code, fields) => tellRefused(fields?.error, code)),
    leaseMs: LEASE_MS,
    sleepMsMax: 500,
  });
  executor.start();
  process.stdout.write('ready\n');
  await Promise.all([make(store, calls), fire(database)]);
}

await act(JSON.parse(process.argv[2] ?? '') as ActorOrders);
