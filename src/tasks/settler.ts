import {
  type Clock,
  HoldfastError,
  isWeather,
  type Log,
  messageOf,
  type Random,
} from '../core/index.js';
import type { PromiseStore, Settlement, SettleOutcome } from '../promises/index.js';
import type { Attempt } from './attempt.js';
import { errorWaitMs } from './error-wait.js';
import type { Leases } from './leases.js';

export interface SettlerOptions {
  readonly store: PromiseStore;
  readonly leases: Leases;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when nothing may be waited for any more. */
  readonly halted: AbortSignal;
  /** Called when some attempts are settled, or given up. */
  readonly onSettled: () => void;
}

interface Ended {
  readonly attempt: Attempt;
  settlement: Settlement;
}

/** Writes how attempts ended: those that end together, together. */
export class Settler {
  #ended: Ended[] = [];
  #size = 0;
  #pausing: Promise<void> | undefined;
  settled = 0;

  constructor(private readonly options: SettlerOptions) {}

  /** Attempts that have ended and are not settled. */
  get size(): number {
    return this.#size;
  }

  add(attempt: Attempt, settlement: Settlement): void {
    this.#size += 1;
    this.#ended.push({ attempt, settlement });
    if (this.#ended.length === 1) queueMicrotask(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    const ended = this.#ended;
    this.#ended = [];
    const { leases, onSettled, store, clock } = this.options;
    const attempts = ended.map(({ attempt }) => attempt);
    const endedAt = clock.monotonic();
    for (const { claim, claimedAt } of attempts) {
      store.telemetry.ran(claim.queue, claim.type, endedAt - claimedAt);
    }
    await leases.flush(attempts);
    await this.#settle(ended);
    for (const attempt of attempts) leases.release(attempt);
    this.#size -= ended.length;
    onSettled();
  }

  /** However long the database is away: while the leases may be held, the answer is wanted. Never throws. */
  async #settle(ended: readonly Ended[]): Promise<void> {
    const { store, log, random, halted } = this.options;
    let left = ended;
    for (let errors = 0; left.length > 0; errors += 1) {
      try {
        const held = new Map(left.map(({ attempt }) => [attempt.claim.id, attempt.claim]));
        this.#count(
          await store.settle(
            left.map(({ settlement }) => settlement),
            held,
          ),
        );
        return;
      } catch (error) {
        if (!isPassing(error)) return this.#single(left, error);
        left = left.filter(({ attempt }) => !(attempt.isLost && lost(log, attempt, error)));
        if (halted.aborted) {
          for (const { attempt } of left) lost(log, attempt, error);
          return;
        }
        const promises = left.map(({ attempt }) => attempt.claim.id).slice(0, LOGGED_MAX);
        log.warn('settlement-delayed', { promises, reason: messageOf(error), error });
        await this.#pause(errorWaitMs(errors, random));
      }
    }
  }

  /** An error that would come again: whoever is to blame fails of it, the others are settled. */
  async #single(ended: readonly Ended[], error: unknown): Promise<void> {
    const { log } = this.options;
    const [first] = ended;
    if (ended.length > 1) {
      for (const one of ended) await this.#settle([one]);
    } else if (first !== undefined) {
      if (first.settlement.outcome === 'fail') return void lost(log, first.attempt, error);
      await this.#settle([{ ...first, settlement: unsettled(first.settlement, error) }]);
    }
  }

  /** One pause for all that the database was away for: afterwards they go together. */
  #pause(ms: number): Promise<void> {
    const { clock, halted } = this.options;
    this.#pausing ??= clock.sleep(ms, halted).then(() => {
      this.#pausing = undefined;
    });
    return this.#pausing;
  }

  #count(outcomes: readonly SettleOutcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.applied) this.settled += 1;
      else {
        const { id: promise, reason } = outcome;
        this.options.log.warn('settlement-refused', { promise, reason });
      }
    }
  }
}

/** Ids in one line of the log. */
const LOGGED_MAX = 10;

/** No settlement is to blame: the same again may pass. */
function isPassing(error: unknown): boolean {
  return isWeather(error) || (error instanceof HoldfastError && error.retryable);
}

function lost(log: Log, attempt: Attempt, error: unknown): true {
  log.error('settlement-lost', { promise: attempt.claim.id, reason: messageOf(error), error });
  return true;
}

/** What cannot be kept as it ended fails for that. */
function unsettled({ id, fence }: Settlement, error: unknown): Settlement {
  const code = error instanceof HoldfastError ? error.code : 'run-failed';
  return {
    id,
    fence,
    outcome: 'fail',
    retryable: false,
    error: { code, message: messageOf(error) },
  };
}
