/** A process of a soak: makes promises, looks whether they are there, keeps them, and tells how it is. */

import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { HoldfastError, newId, silentLog } from '../../src/core/index.js';
import { openDatabase } from '../../src/db/index.js';
import { PromiseStore } from '../../src/promises/index.js';
import { defineTask, Executor, TaskRegistry } from '../../src/tasks/index.js';
import { KEPT_MS, SAMPLE_EVERY_MS, type Sample, type SoakOrders } from './orders.js';

const errors: Record<string, number> = {};
let [made, lost] = [0, 0];
let tookMs: number[] = [];

const task = defineTask({ type: 'soak', input: z.unknown(), run: () => sleep(Math.random() * 20) });

function count(error: unknown): void {
  const code = error instanceof HoldfastError ? error.code : String(error);
  errors[code] = (errors[code] ?? 0) + 1;
}

async function produce(store: PromiseStore, everyMs: number): Promise<void> {
  let unseen: string[] = [];
  for (;;) {
    const items = Array.from({ length: 1 + Math.floor(Math.random() * 3) }, () => ({
      id: newId(),
      type: 'soak',
      payload: 'x'.repeat(Math.random() < 0.1 ? 2_000 : 20),
    }));
    const startedAt = performance.now();
    try {
      await store.enqueue(items);
      tookMs.push(performance.now() - startedAt);
      made += items.length;
      unseen.push(...items.map(({ id }) => id));
      if (unseen.length > 20) {
        lost += unseen.length - (await store.known(unseen)).size;
        unseen = [];
      }
    } catch (error) {
      count(error);
    }
    await sleep(everyMs * (0.5 + Math.random()));
  }
}

async function prune(store: PromiseStore): Promise<void> {
  for (;;) {
    await store.prune({ settledBeforeMs: KEPT_MS }).catch(count);
    await store.recover().catch(count);
    await sleep(500);
  }
}

function sample(): Sample {
  const sorted = tookMs.sort((one, other) => one - other);
  const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  tookMs = [];
  const rssMib = process.memoryUsage.rss() / 1_048_576;
  const descriptors = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
  return { at: Date.now(), made, lost, errors, rssMib, descriptors, p99Ms };
}

async function soak({ url, clients, everyMs, prunes }: SoakOrders): Promise<void> {
  for (let client = 0; client < clients; client += 1) {
    const database = await openDatabase({ name: 'queue', url, profile: 'queue' });
    const store = new PromiseStore(database);
    void produce(store, everyMs);
    if (client > 0) continue;
    const registry = new TaskRegistry([task]);
    new Executor({ store, registry, worker: `${process.pid}`, log: silentLog }).start();
    if (prunes) void prune(store);
  }
  setInterval(() => process.send?.(sample()), SAMPLE_EVERY_MS);
}

const [orders] = (await once(process, 'message')) as [SoakOrders];
await soak(orders);
