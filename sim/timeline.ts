import type { Dice } from './dice.js';
import { driven, quiet, setNow } from './take-over.js';

interface Entry {
  readonly at: number;
  /** Decides between entries of one instant. */
  readonly order: number;
  readonly run: () => void | Promise<void>;
}

/** When the time of every simulation begins, in milliseconds since the epoch. */
export const T0 = Date.UTC(2027, 0, 15, 8);

/** True time, and what happens in it: one thing after the other. */
export class Timeline {
  #now = T0;
  readonly #entries: Entry[] = [];
  steps = 0;

  constructor(private readonly dice: Dice) {
    setNow(T0);
  }

  get now(): number {
    return this.#now;
  }

  /** Lets `run` happen in `ms`. */
  in(ms: number, run: Entry['run']): void {
    const entry = { at: this.#now + Math.ceil(Math.max(0, ms)), order: this.dice.next(), run };
    let index = this.#entries.length;
    while (index > 0 && isBefore(this.#entries[index - 1] as Entry, entry)) index -= 1;
    this.#entries.splice(index, 0, entry);
  }

  /** Time goes by while something is done. */
  pass(ms: number): void {
    this.#now += ms;
    setNow(this.#now);
  }

  /** The next thing, and all that follows from it at once. False when nothing is left. */
  async step(): Promise<boolean> {
    const entry = this.#entries.pop();
    if (entry === undefined) return false;
    this.steps += 1;
    if (entry.at > this.#now) this.pass(entry.at - this.#now);
    const work = entry.run();
    await (work === undefined ? quiet() : driven(work));
    return true;
  }
}

/** The entries are kept latest first: the next one is taken off the end. */
function isBefore(one: Entry, other: Entry): boolean {
  return one.at === other.at ? one.order < other.order : one.at < other.at;
}
