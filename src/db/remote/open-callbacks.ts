import { heldLocks } from '#db/context';

/** The transaction callbacks that run now, for those who would wait for their own. */
export class OpenCallbacks {
  readonly #open = new Set<object>();

  async run<T>(work: () => Promise<T>): Promise<T> {
    const lock = {};
    this.#open.add(lock);
    try {
      return await heldLocks.run(lock, work);
    } finally {
      this.#open.delete(lock);
    }
  }

  /** True when the caller runs inside one of them. What outlives its callback does not. */
  within(): boolean {
    for (const lock of this.#open) {
      if (heldLocks.has(lock)) return true;
    }
    return false;
  }
}
