import { HoldfastError } from '../../core/index.js';
import { abortedError } from '../errors.js';

interface Waiter {
  readonly enter: () => void;
}

/**
 * How many requests of one kind are under way at once. A server gains nothing
 * from concurrent writes (R11), and answers 429 to more than 128 connections.
 */
export class Slots {
  #free: number;
  readonly #waiters = new Set<Waiter>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a slot; undefined when one was free at once. First come, first served. */
  take(
    label: string,
    deadlineMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free -= 1;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        enter: () => {
          settle();
          resolve();
        },
      };
      const fail = (error: Error) => {
        settle();
        reject(error);
      };
      const abort = () => signal !== undefined && fail(abortedError(label, signal));
      const timer = setTimeout(() => fail(notSent(label, deadlineMs)), deadlineMs);
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  give(): void {
    const [next] = this.#waiters;
    if (next === undefined) this.#free += 1;
    else next.enter();
  }
}

function notSent(label: string, deadlineMs: number): HoldfastError {
  return new HoldfastError(
    'database-timeout',
    `${label} waited ${Math.round(deadlineMs)} ms behind other requests of this process and was not sent`,
    { retryable: true, details: { label, deadlineMs } },
  );
}
