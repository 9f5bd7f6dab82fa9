import type { Clock } from '../../src/core/index.js';

interface Sleeper {
  readonly wakesAt: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is told to go on. Give `now` to the store as its SQL clock too. */
export class VirtualClock implements Clock {
  #at: number;
  readonly #start: number;
  readonly #sleepers = new Set<Sleeper>();

  constructor(start = 1_800_000_000_000) {
    this.#at = start;
    this.#start = start;
  }

  now = (): number => this.#at;

  monotonic = (): number => this.#at - this.#start;

  /** Sleeps that have not ended: what a test waits for before it lets time go on. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted || ms <= 0) return resolve();
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper: Sleeper = { wakesAt: this.#at + ms, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  /** Lets `ms` pass, waking each sleeper at its time; work it starts gets its turn before the next wakes. */
  async advance(ms: number): Promise<void> {
    const end = this.#at + ms;
    for (;;) {
      const next = [...this.#sleepers].sort((a, b) => a.wakesAt - b.wakesAt)[0];
      if (next === undefined || next.wakesAt > end) break;
      this.#at = Math.max(this.#at, next.wakesAt);
      next.wake();
      await turn();
    }
    this.#at = end;
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
