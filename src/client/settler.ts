import { type Clock, HoldfastError, type Log, messageOf, type Random } from '../core/index.js';
import { ApiError } from './api-error.js';
import type { Attempt } from './attempt.js';
import type { Client } from './client.js';
import type { Contract } from './contract.js';
import type { Settlement } from './settlement.js';

type Taken = Contract['settlePromises']['output']['results'][number];

/** An attempt that has ended and is not settled. */
interface Ended {
  readonly attempt: Attempt;
  readonly settlement: Settlement;
}

export interface SettlerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Called before these are settled. */
  readonly before: (attempts: readonly Attempt[]) => Promise<void>;
  /** Called when one is settled, or given up: the server no longer knows its lease. */
  readonly settled: (attempt: Attempt, settlement: Settlement, isApplied: boolean) => void;
  /** Called when the server cannot be reached, and when it can again. */
  readonly away: (isAway: boolean) => void;
}

/** One call: at most so many, and so much text; the API takes 8 MiB. */
const SET = { sizeMax: 1_000, lengthMax: 2_000_000 } as const;
/** The promise is not this worker's any more. */
const OVER: ReadonlySet<string> = new Set(['lease-lost', 'not-found']);
const WAIT_MS = { first: 200, max: 10_000 } as const;

/**
 * Sends how attempts ended: those that end together, together. Results are kept while
 * the server is away, and sent when it is back; what it refuses then was given to others.
 */
export class Settler {
  readonly #options: SettlerOptions;
  readonly #waiting: Ended[] = [];
  #sending: Promise<void> | undefined;
  readonly #halted = new AbortController();
  #size = 0;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  /** Attempts that have ended and are not settled. */
  get size(): number {
    return this.#size;
  }

  add(attempt: Attempt, settlement: Settlement): void {
    this.#size += 1;
    this.#waiting.push({ attempt, settlement });
    this.#sending ??= this.#send();
  }

  /** Resolves when all is settled, or `signal` aborts: what is left then is given up. */
  async drain(signal: AbortSignal): Promise<void> {
    const halt = () => this.#halted.abort();
    signal.addEventListener('abort', halt, { once: true });
    if (signal.aborted) halt();
    await this.#sending;
    signal.removeEventListener('abort', halt);
  }

  async #send(): Promise<void> {
    // What ends in this turn goes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const set = this.#take();
      await this.#options.before(set.map(({ attempt }) => attempt));
      await this.#settle(set);
    }
    this.#sending = undefined;
  }

  #take(): Ended[] {
    let length = 0;
    let size = 0;
    for (const { settlement } of this.#waiting) {
      length += JSON.stringify(settlement).length;
      if (size > 0 && (size >= SET.sizeMax || length > SET.lengthMax)) break;
      size += 1;
    }
    return this.#waiting.splice(0, size);
  }

  async #settle(set: readonly Ended[]): Promise<void> {
    const { client, clock, random, log, away } = this.#options;
    for (let tries = 0; ; tries += 1) {
      try {
        const settlements = set.map(({ settlement }) => settlement);
        const { results } = await client.settlePromises({ settlements }, { retries: 0 });
        away(false);
        const refused = set.flatMap((one, index) => this.#took(one, results[index]) ?? []);
        if (refused.length > 0) await this.#settle(refused);
        return;
      } catch (error) {
        if (!isPassing(error)) return this.#single(set, error);
        away(true);
        if (this.#halted.signal.aborted) return this.#giveUp(set, error);
        log.warn('settlement-delayed', { promises: set.length, reason: messageOf(error) });
        const ceiling = Math.min(WAIT_MS.first * 2 ** tries, WAIT_MS.max);
        await clock.sleep(ceiling * random(), this.#halted.signal);
      }
    }
  }

  /** What is sent instead when an item was refused for what it makes; another's promise is done with. */
  #took({ attempt, settlement }: Ended, result: Taken | undefined): Ended | undefined {
    const code = result?.applied === false ? result.error.code : undefined;
    const isOver = code === undefined || OVER.has(code) || settlement.outcome === 'fail';
    if (result?.applied === false && !isOver) return instead(attempt, settlement, result.error);
    this.#done({ attempt, settlement }, result?.applied === true);
    return undefined;
  }

  /** An error that would come again: whoever is to blame fails of it, the others are settled. */
  async #single(set: readonly Ended[], error: unknown): Promise<void> {
    const [first] = set;
    if (first === undefined) return;
    if (set.length > 1) {
      const middle = Math.ceil(set.length / 2);
      await this.#settle(set.slice(0, middle));
      await this.#settle(set.slice(middle));
      return;
    }
    const { attempt, settlement } = first;
    if (settlement.outcome === 'fail' || isRefused(error)) return this.#giveUp(set, error);
    const code = error instanceof HoldfastError ? error.code : 'run-failed';
    await this.#settle([instead(attempt, settlement, { code, detail: messageOf(error) })]);
  }

  #giveUp(set: readonly Ended[], error: unknown): void {
    for (const one of set) {
      const promise = one.attempt.claim.id;
      this.#options.log.error('settlement-lost', { promise, reason: messageOf(error) });
      this.#done(one, false);
    }
  }

  #done({ attempt, settlement }: Ended, isApplied: boolean): void {
    this.#size -= 1;
    this.#options.settled(attempt, settlement, isApplied);
  }
}

/** The attempt fails for good: what it came to can never be taken. */
function instead(
  attempt: Attempt,
  { id, fence }: Settlement,
  { code, detail }: { readonly code: string; readonly detail: string },
): Ended {
  const error = { code, message: detail.slice(0, 2_000) };
  return { attempt, settlement: { id, fence, outcome: 'fail', retryable: false, error } };
}

/** No answer, or one that tells of the moment. */
function isPassing(error: unknown): boolean {
  return error instanceof HoldfastError ? error.retryable : error instanceof TypeError;
}

/** The key is no longer good: nothing that is sent will be taken. */
function isRefused(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.status === 403);
}
