import { type Clock, type Log, messageOf } from '../core/index.js';
import type { Heartbeat, Progress, PromiseStore } from '../promises/index.js';
import type { Attempt } from './attempt.js';

interface HeldLease {
  readonly attempt: Attempt;
  /** On the process's monotonic clock: when the lease is over unless it is extended. */
  endsAt: number;
  /** Reported, and not yet stored. */
  progress: Progress | undefined;
}

/** Progress is stored this often, for all attempts in one write. */
const PROGRESS_EVERY_MS = 1_000;

/**
 * Keeps the leases of running attempts: one heartbeat for all of them, every third
 * of a lease. An attempt whose lease is lost, or could not be extended in time, is
 * aborted: another worker may have its promise by now. What attempts report of their
 * progress goes with the heartbeats, and between them about once a second. What is
 * cancelled in this process is asked for at once.
 */
export class Leases {
  readonly #held = new Map<string, HeldLease>();
  /** Ends the wait for the next beat; undefined while nothing is held. */
  #beating: AbortController | undefined;
  #progressSentAt = Number.NEGATIVE_INFINITY;
  #isReporting = false;

  constructor(
    private readonly store: PromiseStore,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly leaseMs: number,
  ) {}

  /** @param claimedAt when the claim was sent, by the monotonic clock */
  hold(attempt: Attempt, claimedAt: number): void {
    const lease = { attempt, endsAt: claimedAt + this.leaseMs, progress: undefined };
    this.#held.set(attempt.claim.id, lease);
    if (this.#beating === undefined) void this.#keepBeating();
  }

  release(attempt: Attempt): void {
    if (this.#held.get(attempt.claim.id)?.attempt === attempt) this.#held.delete(attempt.claim.id);
    if (this.#held.size === 0) this.#beating?.abort();
  }

  report(attempt: Attempt, progress: Progress): void {
    const lease = this.#held.get(attempt.claim.id);
    if (lease?.attempt !== attempt) return;
    lease.progress = progress;
    if (!this.#isReporting) void this.#reportSoon();
  }

  /** Stores what these attempts have reported, before they are settled. Never throws. */
  async flush(attempts: readonly Attempt[]): Promise<void> {
    const unsent = attempts
      .map(({ claim }) => this.#held.get(claim.id))
      .filter((lease) => lease?.progress !== undefined);
    if (unsent.length > 0) await this.#beat(unsent as HeldLease[]);
  }

  async #keepBeating(): Promise<void> {
    const beating = new AbortController();
    this.#beating = beating;
    const stop = this.store.onLost((ids) => void this.#look(ids));
    while (!beating.signal.aborted) {
      await this.clock.sleep(this.leaseMs / 3, beating.signal);
      if (!beating.signal.aborted) await this.#beat([...this.#held.values()]);
    }
    stop();
    this.#beating = undefined;
    if (this.#held.size > 0) void this.#keepBeating();
  }

  /** A heartbeat tells by the fence: a promise that was run again meanwhile is another's. */
  async #look(ids: readonly string[]): Promise<void> {
    const leases = ids.flatMap((id) => this.#held.get(id) ?? []);
    if (leases.length > 0) await this.#beat(leases);
  }

  /** The first report goes out with all others of its turn; later ones wait until the second is over. */
  async #reportSoon(): Promise<void> {
    this.#isReporting = true;
    const waitMs = this.#progressSentAt + PROGRESS_EVERY_MS - this.clock.monotonic();
    await this.clock.sleep(Math.max(waitMs, 0), this.#beating?.signal);
    this.#isReporting = false;
    const reporting = [...this.#held.values()].filter((lease) => lease.progress !== undefined);
    if (reporting.length > 0) await this.#beat(reporting);
  }

  /** One heartbeat for all of `leases`. Never throws: a database that is away may be back for the next. */
  async #beat(leases: readonly HeldLease[]): Promise<void> {
    const sentAt = this.clock.monotonic();
    const beats = leases.map((lease) => this.#beatOf(lease));
    try {
      const outcomes = await this.store.heartbeat(beats);
      for (const [index, lease] of leases.entries()) {
        if (outcomes[index]?.held === true) lease.endsAt = sentAt + this.leaseMs;
        // What has ended may be settled by now: its settlement's answer tells whose it was.
        else if (!lease.attempt.isEnded) this.#lose(lease);
      }
    } catch (error) {
      this.log.warn('heartbeat-failed', {
        promises: leases.length,
        reason: messageOf(error),
        error,
      });
      for (const [index, lease] of leases.entries()) {
        lease.progress ??= beats[index]?.progress;
        if (lease.endsAt <= this.clock.monotonic()) this.#lose(lease);
      }
    }
  }

  #beatOf(lease: HeldLease): Heartbeat {
    const { progress, attempt } = lease;
    const { id, fence } = attempt.claim;
    const beat = { id, fence, leaseMs: this.leaseMs };
    if (progress === undefined) return beat;
    lease.progress = undefined;
    this.#progressSentAt = this.clock.monotonic();
    return { ...beat, progress };
  }

  #lose({ attempt }: HeldLease): void {
    if (this.#held.get(attempt.claim.id)?.attempt !== attempt) return;
    this.log.warn('lease-lost', { promise: attempt.claim.id, type: attempt.claim.type });
    attempt.abort('lease-lost');
  }
}
