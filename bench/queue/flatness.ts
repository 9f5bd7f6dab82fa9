import type { Table } from '../section.js';
import { median } from '../section.js';
import {
  drain,
  fill,
  noopExecutor,
  type OpenQueue,
  PAYLOADS,
  promiseOf,
  withQueue,
} from './open.js';

const DAY_MS = 86_400_000;

/** How much is drained for one figure. */
const SAMPLE = 20_000;

/** What a queue is full of while a sample is drained. */
const LOADS = {
  'a backlog of the same': (queue: OpenQueue, count: number) =>
    fill(queue.store, count, () => promiseOf(PAYLOADS['20 bytes'])),
  'a history of settled ones': async (queue: OpenQueue, count: number) => {
    await fill(queue.store, count, () => promiseOf(PAYLOADS['20 bytes']));
    await drain(queue.store);
  },
  'promises due tomorrow': (queue: OpenQueue, count: number) =>
    fill(queue.store, count, () => promiseOf(PAYLOADS['20 bytes'], { delay: DAY_MS })),
  'promises for other workers': (queue: OpenQueue, count: number) =>
    fill(queue.store, count, () => promiseOf(PAYLOADS['20 bytes'], { type: 'other' })),
} as const;

/** Whether claims cost more when there is more. */
export async function benchFlatness(rounds: number, sizes: readonly number[]): Promise<Table> {
  const rows: (string | number)[][] = [];
  for (const [what, load] of Object.entries(LOADS)) {
    for (const size of sizes) {
      const runs: { rate: number; emptyMs: number }[] = [];
      for (let round = 0; round < rounds; round += 1) {
        runs.push(
          await withQueue('normal', async (queue) => {
            await load(queue, size);
            const rate = await drainSample(queue);
            return { rate, emptyMs: await emptyClaimMs(queue) };
          }),
        );
      }
      rows.push([
        what,
        size.toLocaleString('en'),
        median(runs.map(({ rate }) => rate)),
        median(runs.map(({ emptyMs }) => emptyMs)).toFixed(3),
      ]);
    }
  }
  return {
    title: `Flat cost: ${SAMPLE.toLocaleString('en')} promises kept beside much else`,
    columns: ['beside', 'how many', 'kept/s', 'an empty claim in ms'],
    rows,
  };
}

/** Keeps a sample that goes first; promises a second. */
async function drainSample({ store }: OpenQueue): Promise<number> {
  await fill(store, SAMPLE, () => promiseOf(PAYLOADS['20 bytes'], { priority: 1 }));
  const before = (await store.figures()).byStatus.completed;
  const executor = noopExecutor(store, 1_000);
  const startedAt = performance.now();
  executor.start();
  let kept = 0;
  while (kept < SAMPLE) {
    await new Promise((resolve) => setImmediate(resolve));
    kept = (await store.figures()).byStatus.completed - before;
  }
  const rate = Math.round((kept / (performance.now() - startedAt)) * 1_000);
  await executor.stop();
  return rate;
}

async function emptyClaimMs({ store }: OpenQueue): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 200; n += 1) {
    const startedAt = performance.now();
    await store.claim({
      token: `empty-${n}`,
      worker: 'bench',
      limit: 100,
      leaseMs: 30_000,
      types: ['nobody'],
    });
    times.push(performance.now() - startedAt);
  }
  return median(times);
}
