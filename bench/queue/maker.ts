// One process that makes promises, as its parent says.
import { once } from 'node:events';
import { median } from '../section.js';
import { openQueueAt, promiseOf } from './open.js';
import type { MakerReport, MakerTask } from './processes.js';

const CALL = 32;

process.send?.('ready');
const [task] = (await once(process, 'message')) as [MakerTask];
process.send?.(await make(task));
process.disconnect();

async function make({ url, count, everyMs, synchronous }: MakerTask): Promise<MakerReport> {
  const { store, database } = await openQueueAt(url, synchronous);
  const startedAt = performance.now();
  let errors = 0;
  const calls: number[] = [];
  for (let made = 0; made < count; ) {
    const size = everyMs > 0 ? 1 : Math.min(CALL, count - made);
    const payload = () => `${process.hrtime.bigint()}`;
    const call = Array.from({ length: size }, () => promiseOf(payload()));
    const calledAt = performance.now();
    await store.enqueue(call).catch(() => {
      errors += size;
    });
    calls.push(performance.now() - calledAt);
    made += size;
    if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  const ms = performance.now() - startedAt;
  await database.close();
  return { ms, errors, callMs: median(calls) };
}
