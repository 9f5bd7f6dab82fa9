import type { z } from 'zod';
import { HoldfastError, type Json, type Verdict } from '../core/index.js';
import type { Enqueued } from '../promises/index.js';
import type { EnqueueOptions, TaskContext } from './task-context.js';

/** What of a type is kept from being read. */
export interface Protection {
  /** Payloads, results and states are encrypted in the database. Needs `HOLDFAST_ENCRYPTION_KEYS`. */
  readonly encrypt?: boolean;
  /**
   * Fields of payloads and results that neither the API nor pages nor logs show,
   * dotted (`card.number`); `*` stands for every item or field.
   */
  readonly redact?: readonly string[];
}

interface TaskBase<I extends z.ZodType> {
  /** The name promises ask for. */
  readonly type: string;
  /** The payload's schema: checked when the promise is made and before each run. */
  readonly input: I;
  /** Of the code, up to 100 characters: a running promise says which version began it. Default none. */
  readonly version?: string;
  /** A last look at a valid input when the promise is made; a throw refuses it. */
  readonly admit?: (input: z.output<I>) => void;
  /** Default nothing. */
  readonly protect?: Protection;
}

/** What `defineTask` takes. */
export interface TaskDefinition<I extends z.ZodType, R> extends TaskBase<I> {
  /**
   * Keeps the promise. The return value is the result (JSON), or a verdict. A
   * throw fails the attempt; it is tried again unless the error is a
   * `HoldfastError` with `retryable: false`.
   */
  readonly run: (input: z.output<I>, context: TaskContext) => R | Verdict | Promise<R | Verdict>;
}

/** One of the promises that a batch task is called with. */
export interface BatchItem<T> extends TaskContext {
  readonly input: T;
}

/** How one item of a batch ended: its result (JSON), a verdict, or why it failed. */
export type ItemOutcome<R> = R | Verdict | Error;

/** What `defineBatchTask` takes. */
export interface BatchTaskDefinition<I extends z.ZodType, R> extends TaskBase<I> {
  /** The most promises that one call is given, 1 to 1,000. */
  readonly sizeMax: number;
  /** Keeps several promises at once: one outcome an item, in their order. A throw fails all. */
  readonly run: (
    items: readonly BatchItem<z.output<I>>[],
  ) => readonly ItemOutcome<R>[] | Promise<readonly ItemOutcome<R>[]>;
}

interface Enqueues<I extends z.ZodType> {
  /**
   * Makes a promise of this task; resolves when it is durable. On Node, while a
   * service that has the task is open; on Workers use `enqueue` of the open service.
   * @throws HoldfastError `service-not-open`; `input-invalid` naming the field
   */
  readonly enqueue: (input: z.input<I>, options?: EnqueueOptions) => Promise<Enqueued>;
}

/** The code that keeps promises of one type. */
export interface Task<I extends z.ZodType = z.ZodType, R = unknown>
  extends TaskDefinition<I, R>,
    Enqueues<I> {}

/** The code that keeps promises of one type, several in a call. */
export interface BatchTask<I extends z.ZodType = z.ZodType, R = unknown>
  extends BatchTaskDefinition<I, R>,
    Enqueues<I> {}

/** A task whatever its input: what a list of tasks holds. */
// The input of each `run` is checked by its own task's schema before the call.
// biome-ignore lint/suspicious/noExplicitAny: a list holds tasks of every input
export type AnyTask = Task<any, any> | AnyBatchTask;

/** A batch task whatever its input. */
// biome-ignore lint/suspicious/noExplicitAny: a list holds tasks of every input
export type AnyBatchTask = BatchTask<any, any>;

/** Defines a task; the types of `run` come from `input`. */
export function defineTask<I extends z.ZodType, R extends Json | undefined>(
  definition: TaskDefinition<I, R>,
): Task<I, R> {
  const task: Task<I, R> = {
    ...definition,
    enqueue: async (input, options) => makerOf(task)(task.type, input, options),
  };
  return task;
}

/** A claim gives no more. */
const BATCH_SIZE_MAX = 1_000;

/**
 * Defines a task that keeps several promises in one call.
 * @throws HoldfastError `setting-invalid` when `sizeMax` is none
 */
export function defineBatchTask<I extends z.ZodType, R extends Json | undefined>(
  definition: BatchTaskDefinition<I, R>,
): BatchTask<I, R> {
  const { type, sizeMax } = definition;
  if (!(Number.isInteger(sizeMax) && sizeMax >= 1 && sizeMax <= BATCH_SIZE_MAX)) {
    throw new HoldfastError(
      'setting-invalid',
      `task ${type}: sizeMax must be a whole number from 1 to ${BATCH_SIZE_MAX} (received ${sizeMax})`,
    );
  }
  const task: BatchTask<I, R> = {
    ...definition,
    enqueue: async (input, options) => makerOf(task)(type, input, options),
  };
  return task;
}

export function isBatchTask(task: AnyTask): task is AnyBatchTask {
  return 'sizeMax' in task;
}

/** Makes a promise in an open service. */
export type Maker = (type: string, payload: unknown, options?: EnqueueOptions) => Promise<Enqueued>;

const makers = new WeakMap<object, Maker>();

function makerOf(task: AnyTask): Maker {
  const make = makers.get(task);
  if (make !== undefined) return make;
  throw new HoldfastError(
    'service-not-open',
    `task ${task.type}: no service that has it is open in this process; open one with createHoldfast(…).open(). On Workers use enqueue of the service opened for the request`,
  );
}

/** Lets `enqueue` of these tasks make promises by `make`. Returns how to end that. */
export function bindTasks(tasks: readonly AnyTask[], make: Maker): () => void {
  for (const task of tasks) makers.set(task, make);
  return () => {
    for (const task of tasks) if (makers.get(task) === make) makers.delete(task);
  };
}
