import { type Clock, type Log, messageOf } from '../core/index.js';
import type { Attempt, Progress } from './attempt.js';
import type { Client } from './client.js';

interface Lease {
  readonly attempt: Attempt;
  /** On the process's monotonic clock: when it is over unless it is extended. */
  endsAt: number;
  progress: Progress | undefined;
}

export interface LeasesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly leaseMs: number;
}

/** Progress is sent this often, for all attempts in one call. */
const PROGRESS_EVERY_MS = 1_000;
/** Beats in one call. */
const BEATS_MAX = 1_000;

/**
 * Keeps the leases of running attempts: one call for all of them, every third of a
 * lease. An attempt whose lease is lost, or could not be extended in time, is aborted.
 */
export class Leases {
  readonly #options: LeasesOptions;
  readonly #held = new Map<string, Lease>();
  #beating: AbortController | undefined;
  #isReporting = false;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  /** @param claimedAt when the claim was sent: the lease is not older */
  hold(attempt: Attempt, claimedAt: number): void {
    const endsAt = claimedAt + this.#options.leaseMs;
    this.#held.set(attempt.claim.id, { attempt, endsAt, progress: undefined });
    if (this.#beating === undefined) void this.#keepBeating();
  }

  release(attempt: Attempt): void {
    if (this.#held.get(attempt.claim.id)?.attempt !== attempt) return;
    this.#held.delete(attempt.claim.id);
    if (this.#held.size === 0) this.#beating?.abort();
  }

  report(attempt: Attempt, progress: Progress): void {
    const lease = this.#held.get(attempt.claim.id);
    if (lease?.attempt !== attempt) return;
    lease.progress = progress;
    if (!this.#isReporting) void this.#reportSoon();
  }

  /** Sends what was reported and not yet sent, before these are settled. */
  async flush(attempts: readonly Attempt[]): Promise<void> {
    const unsent = attempts
      .map(({ claim }) => this.#held.get(claim.id))
      .filter((lease): lease is Lease => lease?.progress !== undefined);
    if (unsent.length > 0) await this.#beat(unsent);
  }

  /** Extends all of them now. Never throws. */
  beat(): Promise<void> {
    return this.#beat([...this.#held.values()]);
  }

  async #keepBeating(): Promise<void> {
    const { clock, leaseMs } = this.#options;
    const beating = new AbortController();
    this.#beating = beating;
    while (!beating.signal.aborted) {
      await clock.sleep(leaseMs / 3, beating.signal);
      if (!beating.signal.aborted) await this.beat();
    }
    this.#beating = undefined;
    if (this.#held.size > 0) void this.#keepBeating();
  }

  async #reportSoon(): Promise<void> {
    const { clock } = this.#options;
    this.#isReporting = true;
    const waitMs = this.#reportedAt + PROGRESS_EVERY_MS - clock.monotonic();
    await clock.sleep(Math.max(waitMs, 0), this.#beating?.signal);
    this.#isReporting = false;
    const reporting = [...this.#held.values()].filter(({ progress }) => progress !== undefined);
    if (reporting.length > 0) await this.#beat(reporting);
  }

  /** Never throws: a server that is away may be back for the next. */
  async #beat(leases: readonly Lease[]): Promise<void> {
    for (let start = 0; start < leases.length; start += BEATS_MAX) {
      await this.#beatSet(leases.slice(start, start + BEATS_MAX));
    }
  }

  async #beatSet(leases: readonly Lease[]): Promise<void> {
    const { client, clock, log, leaseMs } = this.#options;
    const sentAt = clock.monotonic();
    const told = leases.map(({ progress }) => progress);
    const beats = leases.map((lease) => {
      const { progress } = lease;
      lease.progress = undefined;
      if (progress !== undefined) this.#reportedAt = sentAt;
      const { id, fence } = lease.attempt.claim;
      return { id, fence, lease: leaseMs, ...(progress === undefined ? {} : { progress }) };
    });
    try {
      const limits = { retries: 0, timeoutMs: Math.max(leaseMs / 3, 1_000) };
      const { results } = await client.heartbeats({ beats }, limits);
      for (const [index, lease] of leases.entries()) {
        if (results[index]?.held === true) lease.endsAt = sentAt + leaseMs;
        else this.#lose(lease);
      }
    } catch (error) {
      log.warn('heartbeat-failed', { promises: leases.length, reason: messageOf(error) });
      for (const [index, lease] of leases.entries()) {
        lease.progress ??= told[index];
        // Another worker may have it by now, or before the next beat is answered.
        if (lease.endsAt <= clock.monotonic()) this.#lose(lease);
      }
    }
  }

  #lose({ attempt }: Lease): void {
    if (this.#held.get(attempt.claim.id)?.attempt !== attempt) return;
    const { id: promise, type } = attempt.claim;
    this.#options.log.warn('lease-lost', { promise, type });
    attempt.abort('lease-lost');
  }
}
