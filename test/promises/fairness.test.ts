import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PromiseStore } from '../../src/promises/index.js';
import { openQueue } from '../support/queue.js';
import { ask, make, T0 } from './fixture.js';

const STEP_MS = 100;

/** Waits of the quiet tenants' promises, from making to claim, beside one that floods. */
async function waitsBesideFlood(options: {
  readonly flood: number;
  readonly tenants: number;
  readonly perKey: number;
  readonly capacity: number;
  readonly everySteps: number;
}): Promise<number[]> {
  const { flood, tenants, perKey, capacity, everySteps } = options;
  const time = { now: T0 };
  const store = new PromiseStore(await openQueue(), { clock: () => time.now, random: () => 0 });
  await store.queues.set('default', { perKey: { concurrency: perKey } });
  for (let made = 0; made < flood; made += 500) {
    await store.enqueue(Array.from({ length: 500 }, () => make({ concurrencyKey: 'flood' })));
  }
  const madeAt = new Map<string, number>();
  const waits: number[] = [];
  for (let step = 0; step < 12 * everySteps; step += 1) {
    if (step % everySteps === 0) {
      const calls = Array.from({ length: tenants }, (_, n) => make({ concurrencyKey: `t${n}` }));
      await store.enqueue(calls);
      for (const { id } of calls) madeAt.set(id, time.now);
    }
    const claims = await store.claim(ask({ limit: capacity }));
    for (const { id } of claims) {
      const at = madeAt.get(id);
      if (at !== undefined) waits.push(time.now - at);
    }
    time.now += STEP_MS;
    await store.settle(claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete' })));
  }
  // Whoever never got a turn has waited until now.
  for (let left = madeAt.size - waits.length; left > 0; left -= 1) waits.push(time.now - T0);
  return waits.sort((a, b) => a - b);
}

describe('fairness between keys', () => {
  it('keeps the waits of the others within five times their median, whoever floods', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          flood: fc.constantFrom(1_000, 3_000),
          tenants: fc.integer({ min: 1, max: 8 }),
          perKey: fc.integer({ min: 1, max: 4 }),
          capacity: fc.integer({ min: 4, max: 8 }),
          everySteps: fc.integer({ min: 3, max: 6 }),
        }),
        async (options) => {
          const waits = await waitsBesideFlood(options);
          const median = waits[Math.floor(waits.length / 2)] ?? 0;
          // A wait shorter than one step of the simulation cannot be told from none.
          expect(waits.at(-1)).toBeLessThanOrEqual(5 * Math.max(median, STEP_MS));
        },
      ),
      { numRuns: 12 },
    );
  }, 60_000);
});
