import { expect, test } from 'vitest';
import { z } from 'zod';
import { newId, silentLog, systemClock } from '../../src/core/index.js';
import { migrate } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations, withId } from '../../src/promises/index.js';
import { defineTask, Executor, TaskRegistry } from '../../src/tasks/index.js';
import { openFresh } from '../db/topologies.js';

test('a backlog is kept in one write a batch: the next are claimed with what has ended', async () => {
  const database = await openFresh('remote');
  await migrate(database, promiseMigrations);
  const store = new PromiseStore(database);
  const batches = 10;
  const made = Array.from({ length: batches * 100 }, () => withId({ type: 'noop' }, newId()));
  await store.enqueue(made);
  const noop = defineTask({ type: 'noop', input: z.null(), run: () => null });
  const registry = new TaskRegistry([noop]);
  const before = database.telemetry();
  // However slow the machine is: no time goes by after which it would look first.
  const clock = { ...systemClock, monotonic: () => 0 };
  const options = { store, registry, worker: 'w', log: silentLog, concurrency: 100, clock };
  const executor = new Executor(options);
  const report = await executor.runUntilIdle({ claimMs: 60_000, drainMs: 60_000 });
  expect(report).toEqual({ claimed: made.length, settled: made.length });
  const after = database.telemetry();
  const writesOf = ({ labels }: typeof after, label: string) => labels[label]?.writes ?? 0;
  const writes = (label: string) => writesOf(after, label) - writesOf(before, label);
  // Those claims that go alone are the first, and the one that finds nothing more.
  expect(writes('promises.settle') + writes('promises.claim')).toBeLessThan(batches * 1.5);
});
