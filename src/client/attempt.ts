import { continueWith, HoldfastError, type Json, newId, type TaskLog } from '../core/index.js';
import type { Client } from './client.js';
import type { Claimed, EnqueueOptions, HandlerContext } from './handler.js';
import { type Child, failureOf, handBack, type Settlement, settlementOf } from './settlement.js';

/** Why an attempt was aborted. */
export type AbortReason = 'attempt-timeout' | 'lease-lost' | 'stopping';

const MESSAGES: Record<AbortReason, string> = {
  'attempt-timeout': 'the attempt took longer than the timeout of its promise',
  'lease-lost': 'the promise is no longer held: it was cancelled, or another worker has it',
  stopping: 'the worker is stopping; the promise will be run again',
};

/** How far a run says it is. */
export interface Progress {
  readonly percent: number | null;
  readonly message: string | null;
}

export interface AttemptHost {
  readonly client: Client;
  readonly log: TaskLog;
  /** Called once. No settlement: the lease is lost, there is nothing left to settle. */
  ended(attempt: Attempt, settlement: Settlement | undefined): void;
  progressed(attempt: Attempt, progress: Progress): void;
}

const PROGRESS_LENGTH_MAX = 1_000;
/** The longest that a timer of the platform can wait. */
const TIMER_MS_MAX = 2_147_483_647;

/**
 * One attempt, from claim to outcome: the first outcome counts. One that is aborted has
 * ended at once; a handler that does not heed its signal is left behind, unheard.
 */
export class Attempt {
  readonly #controller = new AbortController();
  readonly #children: Child[] = [];
  #isEnded = false;
  #progress: Progress | undefined;
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(
    readonly claim: Claimed,
    private readonly host: AttemptHost,
  ) {
    const timeoutMs = Math.min(claim.timeout, TIMER_MS_MAX);
    this.#timer = setTimeout(() => this.abort('attempt-timeout'), timeoutMs);
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** What it told last; undefined when it has told nothing. */
  get progress(): Progress | undefined {
    return this.#progress;
  }

  succeed(value: unknown): void {
    this.#end(() => settlementOf(this.claim, value, this.#children));
  }

  fail(error: unknown): void {
    this.#end(() => failureOf(this.claim, error));
  }

  abort(reason: AbortReason): void {
    if (this.#isEnded) return;
    const error = new HoldfastError(
      reason === 'stopping' ? 'cancelled' : reason,
      MESSAGES[reason],
      { retryable: true },
    );
    this.#end(() => {
      if (reason === 'lease-lost') return undefined;
      return reason === 'stopping' ? handBack(this.claim) : failureOf(this.claim, error);
    });
    this.#controller.abort(error);
  }

  context(): HandlerContext {
    const { host, claim } = this;
    const { id, type, queue, attempt, maxAttempts, idempotencyKey, state, metadata } = claim;
    return {
      id,
      type,
      queue,
      attempt,
      maxAttempts,
      timeoutMs: claim.timeout,
      idempotencyKey,
      state,
      metadata,
      signal: this.#controller.signal,
      log: host.log,
      client: host.client,
      continueWith,
      enqueue: (
        task: string | { readonly type: string },
        payload: Json,
        options?: EnqueueOptions,
      ) => this.#enqueue(typeof task === 'string' ? task : task.type, payload, options),
      progress: (percent, message) => this.#report(percent, message),
      parents: async () => (await host.client.listParents({ id })).data,
    };
  }

  #enqueue(type: string, payload: Json, options: EnqueueOptions = {}): string {
    const id = newId();
    this.#children.push({ ...options, id, type, payload });
    return id;
  }

  #report(percent: number | null, message: string | undefined): void {
    if (this.#isEnded) return;
    const isKnown = percent !== null && !Number.isNaN(percent);
    this.#progress = {
      percent: isKnown ? Math.min(Math.max(percent, 0), 100) : null,
      message: message?.slice(0, PROGRESS_LENGTH_MAX).toWellFormed() || null,
    };
    this.host.progressed(this, this.#progress);
  }

  #end(settle: () => Settlement | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.host.ended(this, this.#settlement(settle));
  }

  /** A result that is no JSON fails the attempt. */
  #settlement(settle: () => Settlement | undefined): Settlement | undefined {
    try {
      return settle();
    } catch (error) {
      return failureOf(this.claim, error);
    }
  }
}
