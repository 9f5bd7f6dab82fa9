import { type Clock, isWeather, systemClock } from '../core/index.js';
import { DatabaseBusyError } from '../db/index.js';

/** An outcome: the item goes into the next write, as it is here. */
export class Again<I> {
  constructor(readonly item: I) {}
}

/** Items that came together are answered together. */
interface Call<O> {
  readonly outcomes: O[];
  left: number;
  readonly resolve: (outcomes: O[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Waiting<I, O> {
  readonly item: I;
  /** By the monotonic clock. */
  readonly since: number;
  readonly call: Call<O>;
  /** Where it stands in its call. */
  readonly at: number;
}

function settle<O>({ call, at }: Waiting<unknown, O>, outcome: O): void {
  call.outcomes[at] = outcome;
  call.left -= 1;
  if (call.left === 0) call.resolve(call.outcomes);
}

/** Calls `run` after the events that have already arrived: what they bring goes into the same write. */
export const afterThisTurn: (run: () => void) => void =
  typeof setImmediate === 'function'
    ? (run) => void setImmediate(run)
    : (run) => void setTimeout(run, 0);

/**
 * Brings items that arrive in one turn of the event loop, or while a write is
 * under way, into one write. A server gains nothing from concurrent writes (R11),
 * so one is in flight at a time.
 */
export class GroupCommit<I, O> {
  readonly #label: string;
  readonly #deadlineMs: number;
  readonly #clock: Clock;
  #waiting: Waiting<I, O>[] = [];
  #state: 'idle' | 'due' | 'writing' = 'idle';

  /**
   * @param commit writes a set within so many milliseconds, and answers in its order. It must
   *   not wait for items of its own: it answers `Again`
   * @param cut cuts what waits into sets
   */
  constructor(
    private readonly commit: (
      set: readonly I[],
      deadlineMs: number,
    ) => Promise<readonly (O | Again<I>)[]>,
    private readonly cut: (items: readonly I[]) => I[][],
    options: GroupCommitOptions,
  ) {
    this.#label = options.label;
    this.#deadlineMs = options.deadlineMs;
    this.#clock = options.clock ?? systemClock;
  }

  /** True from when the first item came until the write of it begins. */
  get isDue(): boolean {
    return this.#state === 'due';
  }

  /** One outcome an item, in their order. */
  add(items: readonly I[]): Promise<O[]> {
    if (items.length === 0) return Promise.resolve([]);
    if (this.#waiting.length >= WAITING_MAX) return Promise.reject(this.#tooLate(0));
    const since = this.#clock.monotonic();
    return new Promise((resolve, reject) => {
      const call = { outcomes: new Array<O>(items.length), left: items.length, resolve, reject };
      for (const [at, item] of items.entries()) this.#waiting.push({ item, since, call, at });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'due';
    afterThisTurn(() => void this.#drain());
  }

  async #drain(): Promise<void> {
    this.#state = 'writing';
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      let start = 0;
      for (const set of this.cut(waiting.map((one) => one.item))) {
        await this.#settle(waiting.slice(start, start + set.length));
        start += set.length;
      }
    }
    this.#state = 'idle';
  }

  /** An error that would come again splits the set, until the culprit stands alone. */
  async #settle(set: readonly Waiting<I, O>[]): Promise<void> {
    // The first has waited longest: nobody is kept longer than was promised, whatever came before.
    const waitedMs = this.#clock.monotonic() - (set[0]?.since ?? 0);
    const leftMs = this.#deadlineMs - waitedMs;
    if (leftMs <= 0) return this.#giveUp(set);
    try {
      const items = set.map((one) => one.item);
      const outcomes = await this.commit(items, leftMs);
      for (const [index, one] of set.entries()) {
        const outcome = outcomes[index] as O | Again<I>;
        if (outcome instanceof Again) this.#waiting.push({ ...one, item: outcome.item });
        else settle(one, outcome);
      }
    } catch (error) {
      if (set.length === 1 || isWeather(error)) {
        for (const { call } of set) call.reject(error);
        return;
      }
      const middle = Math.ceil(set.length / 2);
      await this.#settle(set.slice(0, middle));
      await this.#settle(set.slice(middle));
    }
  }

  /** Those whose time is over are told so; nothing of them was tried. The others go on. */
  async #giveUp(set: readonly Waiting<I, O>[]): Promise<void> {
    const now = this.#clock.monotonic();
    const isOver = (one: Waiting<I, O>) => now - one.since >= this.#deadlineMs;
    for (const { call, since } of set.filter(isOver)) call.reject(this.#tooLate(now - since));
    const rest = set.filter((one) => !isOver(one));
    if (rest.length > 0) await this.#settle(rest);
  }

  #tooLate(waitedMs: number): DatabaseBusyError {
    return new DatabaseBusyError(this.#label, waitedMs, { label: this.#label, heldMs: waitedMs });
  }
}

/** What waits at once: more are told to come again. */
const WAITING_MAX = 50_000;

export interface GroupCommitOptions {
  /** Names the operation in errors. */
  readonly label: string;
  /** The longest that an item waits, in milliseconds. */
  readonly deadlineMs: number;
  readonly clock?: Clock;
}
