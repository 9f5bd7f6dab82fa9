import { HoldfastError } from '../core/index.js';

interface Waiting<I, O> {
  readonly item: I;
  readonly resolve: (outcome: O) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls `run` after the events that have already arrived: what they bring goes into the same write. */
const afterThisTurn: (run: () => void) => void =
  typeof setImmediate === 'function'
    ? (run) => void setImmediate(run)
    : (run) => void setTimeout(run, 0);

/**
 * Brings items that arrive in one turn of the event loop, or while a write is
 * under way, into one write. A server gains nothing from concurrent writes (R11),
 * so one is in flight at a time.
 */
export class GroupCommit<I, O> {
  #waiting: Waiting<I, O>[] = [];
  #isScheduled = false;

  /**
   * @param commit writes a set and answers in its order
   * @param cut cuts what waits into sets
   */
  constructor(
    private readonly commit: (set: readonly I[]) => Promise<readonly O[]>,
    private readonly cut: (items: readonly I[]) => I[][],
  ) {}

  add(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  /** As `add` of each: a thousand promises fewer. */
  addAll(items: readonly I[]): Promise<O[]> {
    if (items.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const outcomes = new Array<O>(items.length);
      let left = items.length;
      for (const [index, item] of items.entries()) {
        const settle = (outcome: O) => {
          outcomes[index] = outcome;
          left -= 1;
          if (left === 0) resolve(outcomes);
        };
        this.#waiting.push({ item, resolve: settle, reject });
      }
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    afterThisTurn(() => void this.#drain());
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      let start = 0;
      for (const set of this.cut(waiting.map((one) => one.item))) {
        await this.#settle(waiting.slice(start, start + set.length));
        start += set.length;
      }
    }
    this.#isScheduled = false;
  }

  /** An error that would come again splits the set, until the culprit stands alone. */
  async #settle(set: readonly Waiting<I, O>[]): Promise<void> {
    try {
      const outcomes = await this.commit(set.map((one) => one.item));
      for (const [index, one] of set.entries()) one.resolve(outcomes[index] as O);
    } catch (error) {
      const isPassing = error instanceof HoldfastError && isWeather(error);
      if (set.length === 1 || isPassing) {
        for (const one of set) one.reject(error);
        return;
      }
      const middle = Math.ceil(set.length / 2);
      await this.#settle(set.slice(0, middle));
      await this.#settle(set.slice(middle));
    }
  }
}

/** Errors of the database as a whole: no item of the set is to blame. */
function isWeather(error: HoldfastError): boolean {
  return error.code.startsWith('database-') || error.code === 'commit-unknown';
}
