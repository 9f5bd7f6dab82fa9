import type { z } from 'zod';
import { continueWith, type Json, type TaskLog } from '../core/index.js';
import type { Parent } from '../promises/index.js';
import type { Attempt } from './attempt.js';
import { addChild } from './children.js';
import { storableText } from './settlement-of.js';
import type { BatchItem } from './task.js';
import type { EnqueueChild, EnqueueOptions, TaskContext, Typed } from './task-context.js';

const PROGRESS_MESSAGE_LENGTH_MAX = 1_000;

/** What a handler is given: made of getters, since most handlers touch little of it. */
export class RunContext implements TaskContext {
  readonly #attempt: Attempt;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  get id(): string {
    return this.#attempt.claim.id;
  }

  get type(): string {
    return this.#attempt.claim.type;
  }

  get queue(): string {
    return this.#attempt.claim.queue;
  }

  get attempt(): number {
    return this.#attempt.claim.attempt;
  }

  get maxAttempts(): number {
    return this.#attempt.claim.maxAttempts;
  }

  get idempotencyKey(): string {
    return `${this.#attempt.claim.id}.${this.#attempt.claim.epoch}`;
  }

  get state(): Json {
    return this.#attempt.claim.state;
  }

  get metadata(): TaskContext['metadata'] {
    return this.#attempt.claim.metadata;
  }

  get signal(): AbortSignal {
    return this.#attempt.signal;
  }

  get log(): TaskLog {
    return this.#attempt.host.log;
  }

  // Methods are closures, so that they can be taken out of the context: `({ progress }) => …`.

  get progress(): TaskContext['progress'] {
    const attempt = this.#attempt;
    return (percent, message) => {
      const isKnown = percent !== null && !Number.isNaN(percent);
      attempt.progress({
        percent: isKnown ? Math.min(Math.max(percent, 0), 100) : null,
        message:
          message === undefined ? null : storableText(String(message), PROGRESS_MESSAGE_LENGTH_MAX),
      });
    };
  }

  get parents(): () => Promise<Parent[]> {
    const { claim, host } = this.#attempt;
    return () => host.parents(claim.id);
  }

  get enqueue(): EnqueueChild {
    const attempt = this.#attempt;
    return (task: string | Typed<z.ZodType>, payload: unknown, options?: EnqueueOptions) => {
      const type = typeof task === 'string' ? task : task.type;
      return addChild(attempt, { type, payload, options });
    };
  }

  get continueWith(): typeof continueWith {
    return continueWith;
  }
}

/** The context of one promise of a batch. */
export class BatchRunContext extends RunContext implements BatchItem<unknown> {
  constructor(
    attempt: Attempt,
    readonly input: unknown,
  ) {
    super(attempt);
  }
}
