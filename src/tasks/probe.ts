import { type Clock, HoldfastError } from '../core/index.js';

/** A look that failed, and what the last good one saw. */
export interface Missed<T> {
  readonly ok: false;
  readonly error: unknown;
  readonly last: { readonly value: T; readonly at: number } | undefined;
}

export type Looked<T> = { readonly ok: true; readonly value: T; readonly at: number } | Missed<T>;

/**
 * Looks at something that may not answer, for a bounded time, and remembers the
 * last good answer. A look that hangs is waited for again rather than asked a
 * second time, so that a database in trouble does not get one more question with
 * every report.
 */
export class Probe<T> {
  readonly #look: () => Promise<T>;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #underWay: Promise<T> | undefined;
  #last: { value: T; at: number } | undefined;

  constructor(
    look: () => Promise<T>,
    options: { readonly clock: Clock; readonly timeoutMs: number },
  ) {
    this.#look = look;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
  }

  async look(): Promise<Looked<T>> {
    const ended = new AbortController();
    try {
      const value = await Promise.race([this.#ask(), this.#tooLate(ended.signal)]);
      return { ok: true, value, at: this.#clock.now() };
    } catch (error) {
      return { ok: false, error, last: this.#last };
    } finally {
      ended.abort();
    }
  }

  #ask(): Promise<T> {
    this.#underWay ??= this.#look()
      .then((value) => {
        this.#last = { value, at: this.#clock.now() };
        return value;
      })
      .finally(() => {
        this.#underWay = undefined;
      });
    return this.#underWay;
  }

  async #tooLate(ended: AbortSignal): Promise<never> {
    await this.#clock.sleep(this.#timeoutMs, ended);
    throw new HoldfastError('database-timeout', `no answer within ${this.#timeoutMs} ms`);
  }
}
