import { startSqld } from '../../test/support/sqld.js';
import type { Table } from '../section.js';
import { fill, noopExecutor, type OpenQueue, openQueueAt, PAYLOADS, promiseOf } from './open.js';

/** Turso's price list of rows, October 2025 (https://turso.tech/pricing): beyond the plan, a million each. */
const DOLLARS_PER_MILLION = { read: 0.001, written: 1 } as const;

interface Cost {
  readonly requests: number;
  readonly read: number;
  readonly written: number;
}

/** What a promise costs on a server over its whole life: made, claimed, settled, cleaned up. */
export async function benchServer(): Promise<Table> {
  const sqld = await startSqld();
  const rows: (string | number)[][] = [];
  try {
    const queue = await openQueueAt(sqld.url, 'full');
    rows.push(await flowRow(queue));
    for (const beside of [0, 20_000]) {
      await fill(queue.store, beside, () => promiseOf(PAYLOADS['20 bytes'], { delay: 86_400_000 }));
      for (const [batch, lives] of [
        [100, 5],
        [1, 20],
      ] as const) {
        rows.push(rowOf(batch, beside, await live(queue, batch, lives)));
      }
    }
    rows.push(await idleRow(queue));
    await queue.database.close();
  } finally {
    await sqld.stop('SIGKILL');
  }
  return {
    title: 'On libsql-server, per promise, from making to cleaning up (20 bytes)',
    columns: [
      'in batches of',
      'beside, due tomorrow',
      'requests per 100',
      'rows read',
      'rows written',
      'a million on Turso',
    ],
    rows,
  };
}

/** Keeps a backlog in batches of 100: making and cleaning up are not counted. */
async function flowRow(queue: OpenQueue) {
  const [count, batch] = [10_000, 100];
  await fill(queue.store, count, () => promiseOf(PAYLOADS['20 bytes']));
  const before = costs(queue);
  const { settled } = await noopExecutor(queue.store, batch).runUntilIdle({
    claimMs: 600_000,
    drainMs: 60_000,
  });
  const kept = costDifference(before, costs(queue), settled);
  while (!(await queue.store.prune({ settledBeforeMs: -1_000 })).done);
  return ['100, keeping a backlog of 10,000 alone', '0', ...figuresOf(kept)];
}

/** Makes, keeps and prunes batches; the cost of one promise. */
async function live(queue: OpenQueue, batch: number, lives: number): Promise<Cost> {
  const { store } = queue;
  const before = costs(queue);
  for (let life = 0; life < lives; life += 1) {
    await store.enqueue(Array.from({ length: batch }, () => promiseOf(PAYLOADS['20 bytes'])));
    const executor = noopExecutor(store, batch);
    await executor.runUntilIdle({ claimMs: 60_000, drainMs: 60_000 });
    await store.prune({ settledBeforeMs: -1_000 });
  }
  return costDifference(before, costs(queue), batch * lives);
}

function costDifference(before: Cost, after: Cost, count: number): Cost {
  return {
    requests: (after.requests - before.requests) / count,
    read: (after.read - before.read) / count,
    written: (after.written - before.written) / count,
  };
}

function costs({ database }: OpenQueue): Cost {
  const { requests, total } = database.telemetry();
  return { requests, read: total.rowsRead ?? 0, written: total.rowsWritten ?? 0 };
}

function rowOf(batch: number, beside: number, cost: Cost) {
  return [batch, beside.toLocaleString('en'), ...figuresOf(cost)];
}

function figuresOf({ requests, read, written }: Cost): string[] {
  const dollars = read * DOLLARS_PER_MILLION.read + written * DOLLARS_PER_MILLION.written;
  return [
    (requests * 100).toFixed(1),
    read.toFixed(1),
    written.toFixed(1),
    `$${dollars.toFixed(2)}`,
  ];
}

/** What one empty claim and one look at the figures read. */
async function idleRow(queue: OpenQueue) {
  const before = costs(queue);
  const ask = { token: 'none', worker: 'bench', limit: 100, leaseMs: 30_000, types: ['noop'] };
  await queue.store.claim(ask);
  const claimed = costs(queue);
  await queue.store.figures();
  const looked = costs(queue);
  return [
    'an empty claim; the figures of health',
    '40,000',
    '—',
    `${claimed.read - before.read}; ${looked.read - claimed.read}`,
    `${looked.written - before.written}`,
    '—',
  ];
}
