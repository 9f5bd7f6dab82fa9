import { AsyncLocalStorage } from 'node:async_hooks';
import type { HeldLocks } from './held-locks.js';

interface Held {
  readonly lock: object;
  readonly outer: Held | undefined;
}

const storage = new AsyncLocalStorage<Held>();

/** Follows `await`, timers and callbacks: what a transaction's callback causes is seen as its own. */
export const heldLocks: HeldLocks = {
  run: (lock, work) => storage.run({ lock, outer: storage.getStore() }, work),
  has: (lock) => {
    for (let held = storage.getStore(); held !== undefined; held = held.outer) {
      if (held.lock === lock) return true;
    }
    return false;
  },
};
