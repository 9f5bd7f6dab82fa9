import type { Statement, WriteOptions } from '../../src/db/index.js';
import { FaultyDatabase } from '../../src/testing/index.js';

/** Tells what was asked of it, and how long that took. */
export class WatchedDatabase extends FaultyDatabase {
  /** `r` for a read and `w` for a write, in order. */
  calls = '';
  longestMs = 0;
  #beforeWrite: (() => Promise<void>) | undefined;

  /** Begins anew. @param beforeWrite is called once, when a first write is asked for */
  watch(beforeWrite?: () => Promise<void>): void {
    this.calls = '';
    this.longestMs = 0;
    this.#beforeWrite = beforeWrite;
  }

  override read(statements: readonly Statement[], options?: WriteOptions) {
    this.calls += 'r';
    return this.#timed(() => super.read(statements, options));
  }

  override async write(statements: readonly Statement[], options?: WriteOptions) {
    this.calls += 'w';
    const before = this.#beforeWrite;
    this.#beforeWrite = undefined;
    await before?.();
    return this.#timed(() => super.write(statements, options));
  }

  async #timed<T>(call: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      return await call();
    } finally {
      this.longestMs = Math.max(this.longestMs, performance.now() - startedAt);
    }
  }
}
