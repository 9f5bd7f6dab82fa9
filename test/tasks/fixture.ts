import { uuidv7 } from 'uuidv7';
import { expect, onTestFinished } from 'vitest';
import { createLog, type Log } from '../../src/core/index.js';
import { type Enqueue, PromiseStore, type Vault } from '../../src/promises/index.js';
import { type AnyTask, Executor, TaskRegistry } from '../../src/tasks/index.js';
import { VirtualClock } from '../../src/testing/index.js';
import { openQueue } from '../support/queue.js';
import { soon } from '../support/soon.js';

export const MINUTE = 60_000;

export interface WorkerOptions {
  readonly concurrency?: number;
  readonly leaseMs?: number;
  readonly vault?: Vault;
}

/** A worker over a file of its own, its time in the test's hands. */
export async function setUp(tasks: readonly AnyTask[], options: WorkerOptions = {}) {
  const { vault, ...limits } = options;
  const clock = new VirtualClock();
  const database = await openQueue();
  const store = new PromiseStore(database, { clock: clock.now, random: () => 0, vault });
  const lines: string[] = [];
  const log: Log = createLog('debug', (line) => lines.push(line));
  const registry = new TaskRegistry(tasks);
  const executor = new Executor({
    store,
    registry,
    worker: 'w1',
    log,
    clock,
    random: () => 0,
    ...limits,
  });
  onTestFinished(() => executor.stop(0));
  const make = async (over: Partial<Enqueue> & { type: string }) => {
    const [made] = await store.enqueue([{ id: uuidv7(), ...over }]);
    return made?.promise.id ?? '';
  };
  const until = (id: string, status: string) =>
    soon(async () => {
      const promise = await store.get(id);
      expect(promise?.status).toBe(status);
      return promise;
    });
  return { clock, database, store, registry, executor, make, until, lines };
}

/** A gate that a handler waits at until the test opens it. */
export function gate() {
  let open: (value?: unknown) => void = () => {};
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  return { open, opened };
}
