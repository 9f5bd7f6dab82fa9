import type { z } from 'zod';
import {
  type continueWith,
  HoldfastError,
  type Json,
  parseInput,
  type TaskLog,
} from '../core/index.js';
import type { Client } from './client.js';
import type { Contract, NewPromise, PromiseView } from './contract.js';

/** A promise that the worker holds. */
export type Claimed = Contract['claimPromises']['output']['claims'][number];

/** What a handler knows and may do. */
export interface HandlerContext {
  /** The promise's id. */
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** How long an attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The same for every attempt: give it to services that know idempotency keys. */
  readonly idempotencyKey: string;
  /** What an earlier run left with `continueWith`; null at first. */
  readonly state: Json;
  readonly metadata: Claimed['metadata'];
  /** Aborted when the attempt's time is over, its lease is lost, the promise is cancelled, or the worker stops. */
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  /** Says how far the run is, 0 to 100, or null. Sent about once a second. */
  readonly progress: (percent: number | null, message?: string) => void;
  /** The promises that this one depends on, with their results. */
  readonly parents: () => Promise<readonly PromiseView[]>;
  /** For promises of one's own: give `idempotencyKey` with what must be made once. */
  readonly client: Client;
  /** The verdict of that name. */
  readonly continueWith: typeof continueWith;
  /**
   * Makes a promise with the completion of this run, in the same write; a run that does not
   * complete makes none. Its id can be depended on at once. What the service refuses of it
   * fails the run, without another attempt. Needs a key that may produce.
   */
  readonly enqueue: EnqueueChild;
}

/** How a promise is made, beside what it is of. */
export type EnqueueOptions = Omit<NewPromise, 'type' | 'payload'>;

export interface EnqueueChild {
  <I extends z.ZodType>(
    task: { readonly type: string; readonly input: I },
    input: z.input<I>,
    options?: EnqueueOptions,
  ): string;
  (type: string, payload: Json, options?: EnqueueOptions): string;
}

/** One of the promises that a batch handler is called with. */
export interface HandlerItem extends HandlerContext {
  readonly input: unknown;
}

/** Keeps promises of one type: its value is the result (JSON), or a verdict; a throw is tried again. */
// The payload is whatever the promise was given: the handler, or its schema, says what.
// biome-ignore lint/suspicious/noExplicitAny: handlers of every payload stand in one list
export type Handler = (payload: any, context: any) => unknown;

/** What `defineTask` and `defineBatchTask` make, as far as a worker needs it. */
export interface HandlerTask {
  readonly type: string;
  /** Of the code, up to 100 characters: a running promise says which version began it. */
  readonly version?: string;
  /** A zod schema: what it refuses fails for good. */
  readonly input?: Parameters<typeof parseInput>[0];
  /** There for a batch: `run` is given a list of items, at most so many, and returns one outcome an item. */
  readonly sizeMax?: number;
  readonly run: Handler;
}

export type Handlers = Readonly<Record<string, Handler>> | readonly HandlerTask[];

/**
 * Handlers by type.
 * @throws HoldfastError `setting-invalid`
 */
export function handlersOf(handlers: Handlers): ReadonlyMap<string, HandlerTask> {
  const tasks = Array.isArray(handlers)
    ? (handlers as readonly HandlerTask[])
    : Object.entries(handlers).map(([type, run]) => ({ type, run }) as HandlerTask);
  const byType = new Map<string, HandlerTask>();
  for (const task of tasks) {
    const { type, run } = task;
    if (typeof type !== 'string' || typeof run !== 'function') {
      throw refusal('each must be made by defineTask({ type, input, run }), or be { type: run }');
    }
    if (byType.has(type)) throw refusal(`two have the type "${type}"`);
    byType.set(type, task);
  }
  if (byType.size === 0) throw refusal('there must be one at least');
  return byType;
}

/** @throws InputInvalidError naming `payload…` */
export function inputOf({ input }: HandlerTask, payload: Json): unknown {
  return input === undefined ? payload : parseInput(input, payload, 'payload');
}

function refusal(rule: string): HoldfastError {
  return new HoldfastError('setting-invalid', `handlers: ${rule}`);
}
