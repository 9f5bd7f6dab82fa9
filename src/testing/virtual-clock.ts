import type { Clock } from '../core/index.js';

interface Sleeper {
  wakesAt: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is told to go on. Give `now` to stores as their SQL clock too. */
export class VirtualClock implements Clock {
  #at: number;
  #start: number;
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

  /** Milliseconds until the first sleep ends; null when nobody sleeps. */
  get wakesInMs(): number | null {
    const first = Math.min(...[...this.#sleepers].map(({ wakesAt }) => wakesAt));
    return Number.isFinite(first) ? Math.max(0, first - this.#at) : null;
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

  /** Resolves when somebody sleeps: then time may go on. */
  async slept(): Promise<void> {
    while (this.#sleepers.size === 0) await turn();
  }

  /** Sets the time, back or forth, as a clock that is put right does. Nobody wakes; `monotonic` does not notice. */
  jump(ms: number): void {
    this.#at += ms;
    this.#start += ms;
    for (const sleeper of this.#sleepers) sleeper.wakesAt += ms;
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
