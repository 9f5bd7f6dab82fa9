/**
 * The process's clock, for waiting and measuring only. What is due and what has
 * expired is decided by the database's clock (`src/db/now.ts`), never by this one.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number;
  /** Resolves after `ms` (24 days at most), or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Resolves when `work` has, or after `ms`. Rejects when `work` does before that. */
export async function waitAtMost(work: Promise<unknown>, ms: number): Promise<void> {
  const over = new AbortController();
  const tooLong = systemClock.sleep(ms, over.signal);
  await Promise.race([work, tooLong]).finally(() => over.abort());
}

/** The longest that a timer of the platform can wait. */
const TIMER_MS_MAX = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, TIMER_MS_MAX));
      signal?.addEventListener('abort', done, { once: true });
    }),
};
