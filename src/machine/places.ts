/**
 * How many run at once. The worker asks for no more than it has places, but what it was
 * told to stop may still be ending when the next one comes.
 */
export class Places {
  readonly #waiting = new Set<() => void>();

  constructor(private free: number) {}

  /** Runs `work` when there is a place; throws the signal's reason when that aborts first. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    while (this.free === 0) await this.#change(signal);
    signal.throwIfAborted();
    this.free -= 1;
    try {
      return await work();
    } finally {
      this.free += 1;
      for (const look of [...this.#waiting]) look();
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        if (signal.aborted) reject(signal.reason);
        else resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }
}
