import type { z } from 'zod';
import type { Json, Log } from '../core/index.js';

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
  /** Aborted when the attempt's time is over, its lease is lost, the promise is cancelled, or the server stops. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

const VERDICT = Symbol('holdfast.verdict');

/** What `run` may return instead of a result. */
export type Verdict =
  | { readonly [VERDICT]: true; readonly kind: 'snooze'; readonly delayMs: number }
  | { readonly [VERDICT]: true; readonly kind: 'cancel'; readonly reason: string };

/** Runs the promise again after `delayMs`; burns no attempt. */
export const snooze = (delayMs: number): Verdict => ({ [VERDICT]: true, kind: 'snooze', delayMs });

/** Gives the promise up, without an error. */
export const cancel = (reason: string): Verdict => ({ [VERDICT]: true, kind: 'cancel', reason });

export function isVerdict(value: unknown): value is Verdict {
  return typeof value === 'object' && value !== null && VERDICT in value;
}

/** The code that keeps promises of one type. */
export interface Task<I extends z.ZodType = z.ZodType, R = unknown> {
  /** The name promises ask for. */
  readonly type: string;
  /** The payload's schema: checked when the promise is made and before each run. */
  readonly input: I;
  /** A last look at a valid input when the promise is made; a throw refuses it. */
  readonly admit?: (input: z.output<I>) => void;
  /**
   * Keeps the promise. The return value is the result (JSON), or a verdict. A
   * throw fails the attempt; it is tried again unless the error is a
   * `HoldfastError` with `retryable: false`.
   */
  readonly run: (input: z.output<I>, context: TaskContext) => R | Verdict | Promise<R | Verdict>;
}

/** Defines a task; the types of `run` come from `input`. */
export function defineTask<I extends z.ZodType, R extends Json | undefined>(
  task: Task<I, R>,
): Task<I, R> {
  return task;
}
