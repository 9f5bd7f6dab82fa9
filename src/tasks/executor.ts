import {
  type Clock,
  type Log,
  messageOf,
  newId,
  type Random,
  systemClock,
  systemRandom,
} from '../core/index.js';
import { LEASE_MS, type PromiseStore } from '../promises/index.js';
import { Attempts } from './attempts.js';
import { errorWaitMs } from './error-wait.js';
import { Intake } from './intake.js';
import type { TaskRegistry } from './registry.js';

export const EXECUTOR_DEFAULTS = {
  /** Calls of tasks that run at once; a batch is one call. */
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
/** A claim gives no more. */
const CLAIM_LIMIT_MAX = 1_000;
/** A busy executor looks for ended leases this often; an idle one when the earliest ends. */
const RECOVERY_LOOK_MS = 1_000;

/** While claims come back full they need no look before them, but for what a look also finds: this often. */
const FLOW_MS_MAX = 250;

/** Types that are claimed together, and how many promises one call of theirs takes. */
interface ClaimGroup {
  readonly types: readonly string[];
  readonly sizeMax: number;
}

/**
 * Keeps the promises of the types that the registry has: claims what is due, runs
 * it under a lease, settles it, sleeps until the next is due or something changes.
 * What has ended makes room at once: the next are claimed in the write that settles the last.
 */
export class Executor {
  readonly #options: Required<ExecutorOptions>;
  readonly #attempts: Attempts;
  readonly #stopping = new AbortController();
  #wakeUp = new AbortController();
  #loop: Promise<void> | undefined;
  #lookedForEndedLeasesAt = Number.NEGATIVE_INFINITY;
  #isAwake = false;
  readonly #groups: readonly ClaimGroup[];
  /** Who claims first takes turns. */
  #turn = 0;
  /** The claim whose answer has not come: one that was lost is read again by its token. */
  #open: { readonly token: string; readonly sentAt: number } | undefined;
  /** The types of which the last claim took all that it asked for, and since when nobody looked first. */
  #flowing: { readonly types: readonly string[]; readonly since: number } | undefined;
  #claimed = 0;

  constructor(options: ExecutorOptions) {
    const defaults = { ...EXECUTOR_DEFAULTS, clock: systemClock, random: systemRandom };
    this.#options = { ...defaults, ...options };
    const { store, registry } = this.#options;
    const intake = new Intake(registry, store);
    this.#attempts = new Attempts({ ...this.#options, intake, onEnd: () => this.wake() });
    this.#groups = [
      { types: registry.singleTypes, sizeMax: 1 },
      ...registry.batchTasks.map(({ type, sizeMax }) => ({ types: [type], sizeMax })),
    ].filter(({ types }) => types.length > 0);
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
    if (this.#isAwake) return;
    this.#isAwake = true;
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
        this.#isAwake = false;
        try {
          const sleepMs = await this.#round(until.endsIdle);
          errors = 0;
          const leftMs = until.claimUntil - clock.monotonic();
          // What was settled during the look may have made more: look again.
          const isIdle = this.#attempts.size === 0 && !this.#isAwake;
          if (until.endsIdle && isIdle && sleepMs > leftMs) return;
          const waitMs = Math.min(sleepMs, leftMs, sleepMsMax);
          if (waitMs > 0) await clock.sleep(waitMs, this.#wakeUp.signal);
        } catch (error) {
          if (until.endsIdle) throw error;
          log.warn('executor-waits', { reason: messageOf(error), error, errors: errors + 1 });
          await clock.sleep(errorWaitMs(errors, random), this.#stopping.signal);
          errors += 1;
        }
      }
    } finally {
      unsubscribe();
    }
  }

  /** Claims and begins what fits. Answers how long to sleep: 0 is not at all, infinity until woken. */
  async #round(endsIdle: boolean): Promise<number> {
    const { registry, concurrency, clock } = this.#options;
    if (clock.monotonic() - this.#lookedForEndedLeasesAt >= RECOVERY_LOOK_MS) await this.#recover();
    // A database that settles slowly must not be given ever more to settle.
    if (this.#attempts.settling > concurrency) return Number.POSITIVE_INFINITY;
    this.#turn += 1;
    let [claimed, isFull] = [0, false];
    for (const at of this.#groups.keys()) {
      const free = concurrency - this.#attempts.calls;
      const group = this.#groups[(at + this.#turn) % this.#groups.length];
      if (free <= 0 || group === undefined) {
        isFull = true;
        break;
      }
      claimed += await this.#claim(group, free);
    }
    if (claimed > 0) return 0;
    return isFull ? Number.POSITIVE_INFINITY : this.#idleMs(registry.types, endsIdle);
  }

  async #claim({ types, sizeMax }: ClaimGroup, free: number): Promise<number> {
    const { store, leaseMs, worker, clock, registry } = this.#options;
    const versions = registry.versions && { versions: registry.versions };
    const isLost = this.#open !== undefined;
    const now = clock.monotonic();
    const isLikely = this.#flowing?.types === types && now - this.#flowing.since < FLOW_MS_MAX;
    this.#open ??= { token: newId(), sentAt: now };
    const { token, sentAt } = this.#open;
    const limit = Math.min(free * sizeMax, CLAIM_LIMIT_MAX);
    const claims = isLost
      ? await store.reclaim(token)
      : await store.claim({ token, worker, types, limit, leaseMs, ...versions }, { isLikely });
    this.#open = undefined;
    if (claims.length < limit) this.#flowing = undefined;
    else if (!isLikely) this.#flowing = { types, since: now };
    this.#claimed += claims.length;
    this.#attempts.begin(claims, sentAt);
    return claims.length;
  }

  /** A bounded run does not stay for the ends of others' leases: the next one looks for them. */
  async #idleMs(types: readonly string[], endsIdle: boolean): Promise<number> {
    const { store } = this.#options;
    const wakeInMs = await (endsIdle ? store.nextReadyInMs(types) : store.nextWakeInMs(types));
    if (wakeInMs === null) return Number.POSITIVE_INFINITY;
    if (wakeInMs <= 0) await this.#recover();
    return Math.max(wakeInMs, SLEEP_MS_MIN);
  }

  async #recover(): Promise<void> {
    const { store, log, clock } = this.#options;
    this.#lookedForEndedLeasesAt = clock.monotonic();
    const report = await store.recover();
    for (const one of report.promises) log.warn('recovered', { ...one });
    if (report.orphaned > 0) log.warn('recovered', { orphaned: report.orphaned });
  }
}
