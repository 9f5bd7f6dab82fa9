import {
  type Clock,
  HoldfastError,
  type Log,
  newId,
  systemClock,
  systemRandom,
} from '../core/index.js';
import { isSettled, type PromiseRecord, type PromiseStore } from '../promises/index.js';
import { Attempts } from './attempts.js';
import { Intake } from './intake.js';
import type { TaskRegistry } from './registry.js';

export interface KeepNowOptions {
  readonly store: PromiseStore;
  readonly registry: TaskRegistry;
  readonly log: Log;
  /** Names this worker in claims. */
  readonly worker: string;
  readonly leaseMs: number;
  /** How long a run may go on after `signal` before it is handed back. */
  readonly drainMs: number;
  /** Aborted when nothing is to be begun any more. */
  readonly signal: AbortSignal;
}

/** How long somebody else's run is waited for before the promise is looked at again. */
const LOOK_MS = 1_000;
/** The timeout of the attempt ends a run, nothing sooner. */
const NO_DRAIN_MS = 2_147_483_647;

/**
 * Keeps one promise here and now, under a lease like any other run: it is recovered when
 * this process dies. Resolves with it when it is settled, or when it cannot go on at once:
 * its next attempt is due later, it waits for others, its queue is paused or full, no task
 * here has its type, or the service stops. When somebody else has it, that is waited for.
 * @throws HoldfastError `not-found` when it is gone
 */
export async function keepNow(options: KeepNowOptions, id: string): Promise<PromiseRecord> {
  const { store, registry, signal } = options;
  for (;;) {
    const promise = await store.get(id);
    if (promise === undefined) throw new HoldfastError('not-found', `the promise ${id} is gone`);
    const { status } = promise;
    const isOurs = registry.get(promise.type) !== undefined;
    if (isSettled(status) || status === 'waiting' || !isOurs || signal.aborted) return promise;
    if (status === 'in_progress') await changed(store, signal);
    else if (!(await runOnce(options, promise))) {
      const after = await store.get(id);
      if (after?.status === 'pending' && after.fence === promise.fence) return after;
    }
  }
}

/** False when it could not be claimed. */
async function runOnce(options: KeepNowOptions, promise: PromiseRecord): Promise<boolean> {
  const { store, registry, log, worker, leaseMs, drainMs, signal } = options;
  const clock: Clock = systemClock;
  const sentAt = clock.monotonic();
  const { id, type, queue } = promise;
  const only = { limit: 1, types: [type], queues: [queue], id };
  const versions = registry.versions && { versions: registry.versions };
  const claims = await store.claim({ token: newId(), worker, leaseMs, ...only, ...versions });
  if (claims.length === 0) return false;
  const intake = new Intake(registry, store);
  const attempts = new Attempts({
    ...{ store, registry, intake, log, clock, leaseMs },
    random: systemRandom,
    onEnd: () => {},
  });
  const stop = () => void attempts.drain(drainMs);
  signal.addEventListener('abort', stop, { once: true });
  attempts.begin(claims, sentAt);
  await attempts.drain(NO_DRAIN_MS);
  signal.removeEventListener('abort', stop);
  return true;
}

/** Whoever has it may be dead: then it is recovered when its lease is over. */
async function changed(store: PromiseStore, signal: AbortSignal): Promise<void> {
  const change = new AbortController();
  const stop = store.onChange(() => change.abort());
  await systemClock.sleep(LOOK_MS, AbortSignal.any([change.signal, signal]));
  stop();
  if (!change.signal.aborted) await store.recover();
}
