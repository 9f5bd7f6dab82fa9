import type { z } from 'zod';
import type { continueWith, Json, TaskLog } from '../core/index.js';
import type { NewPromiseInput, Parent, PromiseRecord } from '../promises/index.js';

/** How a promise is made, beside what it is of: when, where, how often to try. */
export type EnqueueOptions = Omit<NewPromiseInput, 'type' | 'payload'>;

/** What a running task knows and may do. */
export interface TaskContext {
  /** The promise's id. */
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** The same for every attempt of one epoch: give it to services that know idempotency keys. */
  readonly idempotencyKey: string;
  /** What an earlier run left with `continueWith`; null at first. */
  readonly state: Json;
  /** What the promise was given to carry along; null when nothing was. */
  readonly metadata: PromiseRecord['metadata'];
  /** Aborted when the attempt's time is over, its lease is lost, the promise is cancelled, or the server stops. */
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  /**
   * Says how far the run is: 0 to 100, or null when that is not known. Stored about
   * once a second, and the last one before the run is settled. Never fails a run.
   */
  readonly progress: (percent: number | null, message?: string) => void;
  /** The promises that this one depends on, with their results, in the order they were made. */
  readonly parents: () => Promise<Parent[]>;
  /**
   * Makes a promise with the completion of this run, in the same write; a run that
   * does not complete makes none. Its id can be depended on at once.
   * @throws InputInvalidError naming the field: what the child's task would refuse, and
   *   `debounce` and `unique.onConflict`, which change what others have made
   */
  readonly enqueue: EnqueueChild;
  /** The verdict of that name. */
  readonly continueWith: typeof continueWith;
}

export interface EnqueueChild {
  <I extends z.ZodType>(task: Typed<I>, input: z.input<I>, options?: EnqueueOptions): string;
  (type: string, payload: Json, options?: EnqueueOptions): string;
}

/** What of a task tells the type of its input. */
export interface Typed<I extends z.ZodType> {
  readonly type: string;
  readonly input: I;
}
