/** How long statements may follow one another before timers and sockets get their turn, in milliseconds. */
const STREAK_MS_MAX = 5;

/**
 * The binding is synchronous, so a chain of awaited statements never leaves the
 * microtask queue: without a pause nothing else in the process would run.
 */
class Breath {
  #streakSince: number | undefined;

  /** True when the event loop has been held up long enough. */
  overdue(): boolean {
    const now = performance.now();
    if (this.#streakSince === undefined) {
      this.#streakSince = now;
      setImmediate(this.#taken);
      return false;
    }
    return now - this.#streakSince > STREAK_MS_MAX;
  }

  /** Lets the event loop turn once. */
  take(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  readonly #taken = (): void => {
    this.#streakSince = undefined;
  };
}

/** One for the process: there is one event loop. */
export const breath = new Breath();
