import { type Clock, type Log, messageOf } from '../core/index.js';
import type { Claim, PromiseStore } from '../promises/index.js';
import { AttemptAborted } from './attempt.js';

interface HeldLease {
  readonly claim: Claim;
  readonly controller: AbortController;
  /** On the process's monotonic clock: when the lease is over unless it is extended. */
  endsAt: number;
}

/**
 * Keeps the leases of running attempts: one heartbeat for all of them, every third
 * of a lease. An attempt whose lease is lost, or could not be extended in time, is
 * aborted: another worker may have its promise by now.
 */
export class Leases {
  readonly #held = new Map<string, HeldLease>();
  /** Ends the wait for the next beat; undefined while nothing is held. */
  #beating: AbortController | undefined;

  constructor(
    private readonly store: PromiseStore,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly leaseMs: number,
  ) {}

  /** @param claimedAt when the claim was sent, by the monotonic clock */
  hold(claim: Claim, controller: AbortController, claimedAt: number): void {
    const endsAt = claimedAt + this.leaseMs;
    this.#held.set(claim.id, { claim, controller, endsAt });
    if (this.#beating === undefined) void this.#keepBeating();
  }

  release(claim: Claim): void {
    if (this.#held.get(claim.id)?.claim.fence === claim.fence) this.#held.delete(claim.id);
    if (this.#held.size === 0) this.#beating?.abort();
  }

  async #keepBeating(): Promise<void> {
    const beating = new AbortController();
    this.#beating = beating;
    while (!beating.signal.aborted) {
      await this.clock.sleep(this.leaseMs / 3, beating.signal);
      if (!beating.signal.aborted) await this.#beat();
    }
    this.#beating = undefined;
    if (this.#held.size > 0) void this.#keepBeating();
  }

  /** One heartbeat for everything held. Never throws: a database that is away may be back for the next. */
  async #beat(): Promise<void> {
    const held = [...this.#held.values()];
    const sentAt = this.clock.monotonic();
    try {
      const beats = held.map(({ claim: { id, fence } }) => ({ id, fence, leaseMs: this.leaseMs }));
      const outcomes = await this.store.heartbeat(beats);
      for (const [index, lease] of held.entries()) {
        if (outcomes[index]?.held === true) lease.endsAt = sentAt + this.leaseMs;
        else this.#lose(lease);
      }
    } catch (error) {
      this.log.warn('heartbeat-failed', { promises: held.length, reason: messageOf(error) });
      for (const lease of held) {
        if (lease.endsAt <= this.clock.monotonic()) this.#lose(lease);
      }
    }
  }

  #lose(lease: HeldLease): void {
    if (this.#held.get(lease.claim.id) !== lease) return;
    this.log.warn('lease-lost', { promise: lease.claim.id, type: lease.claim.type });
    lease.controller.abort(new AttemptAborted('lease-lost'));
  }
}
