import type { Clock } from '../../core/index.js';
import { abortedError, closedError, DatabaseBusyError } from '../errors.js';
import { breath } from './breath.js';

/** The right to write, held by one operation of this process at a time. */
export interface Turn {
  readonly label: string;
  readonly since: number;
}

export interface LaneOptions {
  readonly label: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface Waiter {
  readonly label: string;
  readonly enter: (turn: Turn) => void;
  readonly fail: (error: Error) => void;
}

/**
 * The queue of this process's writers: first come, first served, without ever
 * blocking the event loop (F3). Uncontended, entering and leaving cost no turn
 * of the loop.
 */
export class WriterLane {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #turn: Turn | undefined;
  #closed = false;
  /** Called when somebody begins to wait: what bounds a transaction that others wait for. */
  onWait: (() => void) | undefined;
  /** Called when the lane becomes free. */
  onFree: (() => void) | undefined;

  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
  }

  get turn(): Turn | undefined {
    return this.#turn;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Enters at once, or not at all. */
  tryEnter(label: string): Turn | undefined {
    if (this.#turn !== undefined || this.#closed) return undefined;
    this.#turn = { label, since: this.#clock.monotonic() };
    return this.#turn;
  }

  /** Waits for its turn. @throws DatabaseBusyError when the deadline passes */
  enter(options: LaneOptions): Promise<Turn> {
    const { label, deadlineMs, signal } = options;
    if (this.#closed) return Promise.reject(closedError(this.#name));
    if (signal?.aborted) return Promise.reject(abortedError(label, signal));
    const turn = this.tryEnter(label);
    if (turn !== undefined) return Promise.resolve(turn);
    return new Promise((resolve, reject) => {
      const startedAt = this.#clock.monotonic();
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiters.delete(waiter);
      };
      const fail = (error: Error) => {
        settle();
        reject(error);
      };
      const waiter: Waiter = {
        label,
        fail,
        enter: (given) => {
          settle();
          resolve(given);
        },
      };
      const abort = () => signal !== undefined && fail(abortedError(label, signal));
      const timer = setTimeout(() => fail(this.#busy(label, startedAt)), deadlineMs);
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.add(waiter);
      this.onWait?.();
    });
  }

  /** Gives the turn to the next who waits. Leaving twice does nothing. */
  leave(turn: Turn): void {
    if (this.#turn !== turn) return;
    const [next] = this.#waiters;
    if (next === undefined) {
      this.#turn = undefined;
      this.onFree?.();
      return;
    }
    // Reserved for the next at once, so that nobody who comes meanwhile is served before.
    this.#turn = { label: next.label, since: this.#clock.monotonic() };
    if (breath.overdue()) setImmediate(this.#admit, next, this.#turn);
    else next.enter(this.#turn);
  }

  readonly #admit = (next: Waiter, turn: Turn): void => {
    if (this.#waiters.has(next)) next.enter(turn);
    else this.leave(turn);
  };

  /** Fails all who wait, and all who come. */
  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#waiters]) waiter.fail(closedError(this.#name));
  }

  reopen(): void {
    this.#closed = false;
  }

  #busy(label: string, startedAt: number): DatabaseBusyError {
    const now = this.#clock.monotonic();
    const holder = this.#turn;
    return new DatabaseBusyError(label, now - startedAt, {
      label: holder?.label ?? 'nobody',
      heldMs: holder === undefined ? 0 : now - holder.since,
    });
  }
}
