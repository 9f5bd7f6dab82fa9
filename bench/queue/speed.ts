import { median, type Table } from '../section.js';
import {
  drain,
  fill,
  PAYLOADS,
  type PayloadSize,
  perSecond,
  promiseOf,
  type Synchronous,
  withQueue,
} from './open.js';

const CALLERS = 32;

interface Speed {
  readonly single: number;
  readonly syncsPer1000: number;
  readonly bulk: number;
  readonly drained: number;
}

/** Making and keeping by one process, with limits unused. */
export async function benchSpeed(rounds: number, count: number): Promise<Table> {
  const rows: (string | number)[][] = [];
  for (const synchronous of ['normal', 'full'] as const) {
    for (const size of Object.keys(PAYLOADS) as PayloadSize[]) {
      const runs: Speed[] = [];
      for (let round = 0; round < rounds; round += 1) {
        runs.push(await measure(synchronous, size, count));
      }
      const middle = (of: (run: Speed) => number) => median(runs.map(of));
      rows.push([
        synchronous,
        size,
        middle((run) => run.single),
        middle((run) => run.syncsPer1000).toFixed(1),
        middle((run) => run.bulk),
        middle((run) => run.drained),
      ]);
    }
  }
  return {
    title: `One process, no-op handler, ${count.toLocaleString('en')} promises a figure: promises/s`,
    columns: [
      'synchronous',
      'payload',
      `made singly by ${CALLERS} callers`,
      'commits per 1,000 of these (one fsync each under full)',
      'made in calls of 1,000',
      'kept',
    ],
    rows,
  };
}

function measure(synchronous: Synchronous, size: PayloadSize, count: number): Promise<Speed> {
  return withQueue(synchronous, async ({ database, store }) => {
    const make = () => promiseOf(PAYLOADS[size]);
    const writes = () => database.telemetry().labels['promises.enqueue']?.writes ?? 0;
    let startedAt = performance.now();
    await Promise.all(
      Array.from({ length: CALLERS }, async () => {
        for (let made = 0; made < count / CALLERS; made += 1) await store.enqueue([make()]);
      }),
    );
    const single = perSecond(count, startedAt);
    const syncsPer1000 = (writes() / count) * 1_000;
    startedAt = performance.now();
    await fill(store, count, make);
    const bulk = perSecond(count, startedAt);
    return { single, syncsPer1000, bulk, drained: await drain(store) };
  });
}
