import { type Clock, HoldfastError, type Log, messageOf, type Random } from '../core/index.js';
import type { Claim, PromiseStore, Settlement } from '../promises/index.js';
import { AttemptAborted, runAttempt } from './attempt.js';
import { Leases } from './leases.js';
import type { Task } from './task.js';

/** Waits after an error of the database. */
const ERROR_WAIT_MS = { first: 100, max: 5_000 } as const;

/** How long to wait after the `errors`-th error in a row (0 first). */
export function errorWaitMs(errors: number, random: Random): number {
  return Math.min(ERROR_WAIT_MS.first * 2 ** errors, ERROR_WAIT_MS.max) * (0.5 + random() / 2);
}

export interface AttemptsOptions {
  readonly store: PromiseStore;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly leaseMs: number;
  /** Called when an attempt has ended and is settled. */
  readonly onEnd: () => void;
}

/** The attempts that run now: each under its lease, each settled when it ends. */
export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #leases: Leases;
  readonly #running = new Map<Promise<void>, AbortController>();
  /** Aborted when nothing may be waited for any more. */
  readonly #halted = new AbortController();
  settled = 0;

  constructor(options: AttemptsOptions) {
    this.#options = options;
    this.#leases = new Leases(options.store, options.clock, options.log, options.leaseMs);
  }

  get size(): number {
    return this.#running.size;
  }

  /** @param claimedAt when the claim was sent, by the monotonic clock: its lease is not older */
  begin(claim: Claim, task: Task, claimedAt: number): void {
    const controller = new AbortController();
    this.#leases.hold(claim, controller, claimedAt);
    const run = this.#keep(claim, task, controller).finally(() => {
      this.#leases.release(claim);
      this.#running.delete(run);
      this.#options.onEnd();
    });
    this.#running.set(run, controller);
  }

  /** Lets what runs end within `drainMs`; hands back the rest, to be run again without burning an attempt. */
  async drain(drainMs: number): Promise<void> {
    const ended = new AbortController();
    const all = Promise.all(this.#running.keys()).then(() => ended.abort());
    await this.#options.clock.sleep(drainMs, ended.signal);
    this.#halted.abort();
    for (const controller of this.#running.values()) {
      controller.abort(new AttemptAborted('stopping'));
    }
    await all;
  }

  async #keep(claim: Claim, task: Task, controller: AbortController): Promise<void> {
    const { log, clock, random } = this.#options;
    const settlement = await runAttempt(claim, task, { log, clock, random, controller });
    if (settlement !== undefined) await this.#settle(settlement, claim, controller.signal);
  }

  /** Settles, however long the database is away: while the lease may be held, the answer is wanted. */
  async #settle(settlement: Settlement, claim: Claim, signal: AbortSignal): Promise<void> {
    const { store, log, clock, random } = this.#options;
    const held = new Map([[claim.id, claim]]);
    let current = settlement;
    for (let errors = 0; ; errors += 1) {
      try {
        const [outcome] = await store.settle([current], held);
        if (outcome?.applied === true) this.settled += 1;
        else log.warn('settlement-refused', { promise: current.id, reason: outcome?.reason });
        return;
      } catch (error) {
        if (error instanceof HoldfastError && error.code === 'payload-too-large') {
          current = tooLarge(current, error);
          continue;
        }
        if (isLost(signal) || this.#halted.signal.aborted) {
          log.error('settlement-lost', { promise: current.id, reason: messageOf(error) });
          return;
        }
        log.warn('settlement-delayed', { promise: current.id, reason: messageOf(error) });
        await clock.sleep(errorWaitMs(errors, random), this.#halted.signal);
      }
    }
  }
}

function isLost(signal: AbortSignal): boolean {
  return signal.reason instanceof AttemptAborted && signal.reason.reason === 'lease-lost';
}

function tooLarge({ id, fence }: Settlement, { code, message }: HoldfastError): Settlement {
  return { id, fence, outcome: 'fail', retryable: false, error: { code, message } };
}
