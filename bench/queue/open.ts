import { z } from 'zod';
import { newId, silentLog } from '../../src/core/index.js';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import { type Enqueue, PromiseStore, promiseMigrations } from '../../src/promises/index.js';
import { defineTask, Executor, TaskRegistry } from '../../src/tasks/index.js';
import { withTempDir } from '../temp-dir.js';

export type Synchronous = 'normal' | 'full';

export interface OpenQueue {
  readonly url: string;
  readonly database: Database;
  readonly store: PromiseStore;
}

/** Opens a `queue` database as the service does, and brings it up to date. */
export async function openQueueAt(url: string, synchronous: Synchronous): Promise<OpenQueue> {
  const database = await openDatabase({
    name: 'queue',
    url,
    profile: 'queue',
    settings: { synchronous },
  });
  await migrate(database, promiseMigrations);
  return { url, database, store: new PromiseStore(database) };
}

/** A queue in a file of its own, gone afterwards. */
export function withQueue<T>(
  synchronous: Synchronous,
  work: (queue: OpenQueue) => Promise<T>,
): Promise<T> {
  return withTempDir(async (dir) => {
    const queue = await openQueueAt(`file:${dir}/queue.db`, synchronous);
    try {
      return await work(queue);
    } finally {
      await queue.database.close();
    }
  });
}

/** A promise of the no-op task. */
export function promiseOf(payload: string, over?: Partial<Enqueue>): Enqueue {
  const promise = { id: newId(), type: 'noop', payload };
  return over === undefined ? promise : Object.assign(promise, over);
}

/** Payloads whose JSON has this many characters. */
export const PAYLOADS = { '20 bytes': 'x'.repeat(18), '2 KB': 'x'.repeat(2_046) } as const;

export type PayloadSize = keyof typeof PAYLOADS;

export async function fill(store: PromiseStore, count: number, make: () => Enqueue): Promise<void> {
  for (let made = 0; made < count; made += 1_000) {
    await store.enqueue(Array.from({ length: Math.min(1_000, count - made) }, make));
  }
}

/** An executor of a task that does nothing. */
export function noopExecutor(store: PromiseStore, concurrency: number): Executor {
  const noop = defineTask({ type: 'noop', input: z.any(), run: () => null });
  const registry = new TaskRegistry([noop]);
  return new Executor({ store, registry, worker: 'bench', log: silentLog, concurrency });
}

/** Keeps everything that is due; promises a second. */
export async function drain(store: PromiseStore, concurrency = 1_000): Promise<number> {
  const executor = noopExecutor(store, concurrency);
  const startedAt = performance.now();
  const { settled } = await executor.runUntilIdle({ claimMs: 600_000, drainMs: 60_000 });
  return perSecond(settled, startedAt);
}

export function perSecond(count: number, startedAt: number): number {
  return Math.round((count / (performance.now() - startedAt)) * 1_000);
}
