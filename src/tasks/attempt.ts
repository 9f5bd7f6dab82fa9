import { HoldfastError, type Random, type TaskLog } from '../core/index.js';
import type { Claim, Enqueue, Parent, Progress, Settlement } from '../promises/index.js';
import type { Intake } from './intake.js';
import { failureOf, settlementOf } from './settlement-of.js';

/** Why an attempt was aborted. */
export type AbortReason = 'attempt-timeout' | 'lease-lost' | 'stopping';

export class AttemptAborted extends HoldfastError {
  override readonly name = 'AttemptAborted';

  constructor(readonly reason: AbortReason) {
    super(reason === 'stopping' ? 'cancelled' : reason, MESSAGES[reason], { retryable: true });
  }
}

const MESSAGES: Record<AbortReason, string> = {
  'attempt-timeout': 'the attempt took longer than the timeout of its promise',
  'lease-lost': 'the promise is no longer held: it was cancelled, or recovered by another worker',
  stopping: 'the server is stopping; the promise will be run again',
};

/** What an attempt needs of the worker that runs it. */
export interface AttemptHost {
  readonly log: TaskLog;
  readonly random: Random;
  /** What its promise depends on. */
  parents(id: string): Promise<Parent[]>;
  /** Checks what it makes. */
  readonly intake: Pick<Intake, 'parse'>;
  /** Called once. No settlement: the lease is lost, there is nothing left to settle. */
  ended(attempt: Attempt, settlement: Settlement | undefined): void;
  progressed(attempt: Attempt, progress: Progress): void;
}

/** One call of a task; a batch has several attempts in one. */
export interface Call {
  /** Attempts that have not ended. */
  left: number;
}

/**
 * One attempt, from claim to outcome: the first outcome counts. One that is aborted
 * has ended at once; a handler that does not heed its signal is left behind, its
 * outcome unheard. What handlers rarely touch is made when they do: a signal costs
 * more than a whole attempt without one.
 */
export class Attempt {
  #controller: AbortController | undefined;
  #aborted: AttemptAborted | undefined;
  #children: Enqueue[] | undefined;
  #childrenLength = 0;
  isEnded = false;
  constructor(
    readonly claim: Claim,
    readonly call: Call,
    readonly host: AttemptHost,
    /** When its claim was sent, by the monotonic clock. */
    readonly claimedAt: number,
  ) {}

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  /** True when another worker may have the promise by now. */
  get isLost(): boolean {
    return this.#aborted?.reason === 'lease-lost';
  }

  get children(): readonly Enqueue[] {
    return this.#children ?? [];
  }

  /** Of the payloads of its children, as JSON. */
  get childrenLength(): number {
    return this.#childrenLength;
  }

  /** Made with the completion, or not at all. */
  addChild(child: Enqueue, length: number): void {
    this.#children ??= [];
    this.#children.push(child);
    this.#childrenLength += length;
  }

  progress(progress: Progress): void {
    if (!this.isEnded) this.host.progressed(this, progress);
  }

  abort(reason: AbortReason): void {
    // A loss is worth knowing also while the outcome is being written.
    if (this.#aborted !== undefined && reason !== 'lease-lost') return;
    this.#aborted = new AttemptAborted(reason);
    this.#controller?.abort(this.#aborted);
    if (this.isEnded) return;
    if (reason === 'lease-lost') this.#end(undefined);
    else if (reason === 'attempt-timeout') this.fail(this.#aborted);
    else this.#end({ ...this.#held, outcome: 'snooze', delayMs: 0 });
  }

  succeed(value: unknown): void {
    if (this.isEnded) return;
    try {
      this.#end(settlementOf(this.claim, value, this.#children));
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    if (!this.isEnded) this.#end(failureOf(this.claim, error, this.host.random));
  }

  get #held() {
    return { id: this.claim.id, fence: this.claim.fence };
  }

  #end(settlement: Settlement | undefined): void {
    this.isEnded = true;
    this.host.ended(this, settlement);
  }
}
