import type { HeldLocks } from './held-locks.js';

/**
 * Without `nodejs_compat` a Worker has no async context, so a transaction that
 * waits for itself is ended by its bound instead of at once.
 */
export const heldLocks: HeldLocks = { run: (_lock, work) => work(), has: () => false };
