import { messageOf, newId, systemClock } from '../../src/core/index.js';
import type { PromiseStore } from '../../src/promises/index.js';
import { type Check, notOk, ok } from './check.js';

/** A type that no service has, so that nobody else keeps it. */
const TYPE = 'holdfast.verify';
const QUEUE = 'holdfast.verify';
const LEASE_MS = 30_000;

/** Makes a promise, claims it, completes it and reads it again, as a pull worker does. */
export async function checkRoundTrip(store: PromiseStore): Promise<Check> {
  const name = 'promise';
  const startedAt = systemClock.monotonic();
  const id = newId();
  const advice =
    'Look at the error; GET /v1/promises/{id}/explain says why a promise is not running.';
  try {
    await store.enqueue([
      { id, type: TYPE, queue: QUEUE, expiresAt: systemClock.now() + LEASE_MS },
    ]);
    const claims = await store.claim({
      token: newId(),
      worker: 'holdfast verify',
      limit: 10,
      leaseMs: LEASE_MS,
      types: [TYPE],
      queues: [QUEUE],
    });
    // What another run of this left behind is kept too.
    await store.settle(claims.map((claim) => ({ ...claim, outcome: 'complete' as const })));
    const kept = await store.get(id);
    if (kept?.status !== 'completed') {
      return notOk(name, 'fault', `${id} is ${kept?.status ?? 'gone'}, not completed`, advice);
    }
  } catch (error) {
    return notOk(name, 'fault', messageOf(error), advice);
  }
  const tookMs = Math.round(systemClock.monotonic() - startedAt);
  return ok(name, `made and kept in ${tookMs} ms`);
}
