import { uuidv7 } from 'uuidv7';
import {
  type Clock,
  type Log,
  messageOf,
  type Random,
  systemClock,
  systemRandom,
} from '../core/index.js';
import { LEASE_MS, type PromiseStore } from '../promises/index.js';
import { Attempts, errorWaitMs } from './attempts.js';
import type { TaskRegistry } from './registry.js';

export const EXECUTOR_DEFAULTS = {
  /** Attempts that run at once. */
  concurrency: 32,
  /** How long a claim holds without a heartbeat; one is sent every third of it. */
  leaseMs: LEASE_MS.default,
  /** The longest sleep: what a lost wake-up costs at most. */
  sleepMsMax: 60_000,
  /** How long running attempts may go on after `stop` before they are handed back. */
  drainMs: 10_000,
} as const;

export interface ExecutorOptions extends Partial<Record<keyof typeof EXECUTOR_DEFAULTS, number>> {
  readonly store: PromiseStore;
  readonly registry: TaskRegistry;
  /** Names this worker in claims. */
  readonly worker: string;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What a bounded run did. */
export interface ExecutorReport {
  readonly claimed: number;
  readonly settled: number;
}

/** Until when to claim, by the monotonic clock, and whether to end when nothing is due before that. */
interface Until {
  readonly claimUntil: number;
  readonly endsIdle: boolean;
}

const FOR_EVER: Until = { claimUntil: Number.POSITIVE_INFINITY, endsIdle: false };

/** The shortest sleep: what is due by one clock may not quite be by the other. */
const SLEEP_MS_MIN = 5;
/** A busy executor looks for ended leases this often; an idle one when the earliest ends. */
const RECOVERY_LOOK_MS = 1_000;

/**
 * Keeps the promises of the types that the registry has: claims what is due, runs
 * it under a lease, settles it, sleeps until the next is due or something changes.
 */
export class Executor {
  readonly #options: Required<ExecutorOptions>;
  readonly #attempts: Attempts;
  readonly #stopping = new AbortController();
  #wakeUp = new AbortController();
  #loop: Promise<void> | undefined;
  #lookedForEndedLeasesAt = Number.NEGATIVE_INFINITY;
  #token = uuidv7();
  /** True until the answer of a claim has come: one that was lost is read again by its token. */
  #isClaimOpen = false;
  #claimed = 0;

  constructor(options: ExecutorOptions) {
    const defaults = { ...EXECUTOR_DEFAULTS, clock: systemClock, random: systemRandom };
    this.#options = { ...defaults, ...options };
    const { store, log, clock, random, leaseMs } = this.#options;
    const onEnd = () => this.wake();
    this.#attempts = new Attempts({ store, log, clock, random, leaseMs, onEnd });
  }

  /** Works until `stop`. */
  start(): void {
    this.#loop ??= this.#work(FOR_EVER);
  }

  /**
   * Claims for at most `claimMs`, and ends sooner when nothing is due before they
   * are over; then lets what runs end, within `drainMs`.
   */
  async runUntilIdle(budget: {
    readonly claimMs: number;
    readonly drainMs: number;
  }): Promise<ExecutorReport> {
    const claimUntil = this.#options.clock.monotonic() + budget.claimMs;
    try {
      await this.#work({ claimUntil, endsIdle: true });
    } finally {
      await this.#attempts.drain(budget.drainMs);
    }
    return { claimed: this.#claimed, settled: this.#attempts.settled };
  }

  /** Something changed: look again now. */
  wake(): void {
    this.#wakeUp.abort();
  }

  /** Claims no more, lets running attempts end, hands back those that do not end in time. */
  async stop(drainMs: number = this.#options.drainMs): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#loop;
    await this.#attempts.drain(drainMs);
  }

  async #work(until: Until): Promise<void> {
    const { store, clock, random, log, sleepMsMax } = this.#options;
    const unsubscribe = store.onChange(() => this.wake());
    let errors = 0;
    try {
      while (!this.#stopping.signal.aborted && clock.monotonic() < until.claimUntil) {
        this.#wakeUp = new AbortController();
        try {
          const sleepMs = await this.#round();
          errors = 0;
          const leftMs = until.claimUntil - clock.monotonic();
          if (until.endsIdle && this.#attempts.size === 0 && sleepMs > leftMs) return;
          const waitMs = Math.min(sleepMs, leftMs, sleepMsMax);
          if (waitMs > 0) await clock.sleep(waitMs, this.#wakeUp.signal);
        } catch (error) {
          if (until.endsIdle) throw error;
          log.warn('executor-waits', { reason: messageOf(error), errors: errors + 1 });
          await clock.sleep(errorWaitMs(errors, random), this.#stopping.signal);
          errors += 1;
        }
      }
    } finally {
      unsubscribe();
    }
  }

  /** Claims and begins what fits. Answers how long to sleep: 0 is not at all, infinity until woken. */
  async #round(): Promise<number> {
    const { store, registry, concurrency, leaseMs, worker, clock } = this.#options;
    const { types } = registry;
    const sentAt = clock.monotonic();
    if (sentAt - this.#lookedForEndedLeasesAt >= RECOVERY_LOOK_MS) await this.#recover();
    const limit = concurrency - this.#attempts.size;
    if (limit <= 0) return Number.POSITIVE_INFINITY;
    const ask = { token: this.#token, worker, types, limit, leaseMs };
    const isLost = this.#isClaimOpen;
    this.#isClaimOpen = true;
    const claims = isLost ? await store.reclaim(this.#token) : await store.claim(ask);
    this.#isClaimOpen = false;
    this.#token = uuidv7();
    this.#claimed += claims.length;
    for (const claim of claims) {
      const task = registry.get(claim.type);
      if (task !== undefined) this.#attempts.begin(claim, task, sentAt);
    }
    return claims.length > 0 ? 0 : this.#idleMs(types);
  }

  async #idleMs(types: readonly string[]): Promise<number> {
    const wakeInMs = await this.#options.store.nextWakeInMs(types);
    if (wakeInMs === null) return Number.POSITIVE_INFINITY;
    if (wakeInMs <= 0) await this.#recover();
    return Math.max(wakeInMs, SLEEP_MS_MIN);
  }

  async #recover(): Promise<void> {
    const { store, log, clock } = this.#options;
    this.#lookedForEndedLeasesAt = clock.monotonic();
    const report = await store.recover();
    for (const one of report.promises) log.warn('recovered', { ...one });
    if (report.orphaned > 0) log.warn('recovered', { orphanedLines: report.orphaned });
  }
}
