import { type Clock, type Random, systemRandom } from '../../core/index.js';
import { isBusy } from '../classify-error.js';
import { abortedError, DatabaseBusyError } from '../errors.js';
import type { Connection } from './connection.js';

/** The first looks at a lock that another process holds come soon, in milliseconds. */
const SOON_MS = 1;
const SOON_LOOKS = 3;
/** Later ones wait 4 to 12 ms (F10): every look dirties the `-shm` file, which slows the holder's fsync. */
const STEP_MS_MIN = 4;
const STEP_MS_MAX = 12;
/** After this long without leaving the file alone, other processes get a gap to enter in. */
const STREAK_MS_MAX = 500;
/** The same, once another process has been seen. */
const CONTENDED_STREAK_MS_MAX = 100;
const CONTENDED_FOR_MS = 2_000;
/** Longer than every step, so that all who wait look at least once. */
const GAP_MS = 13;

export interface LockOptions {
  readonly label: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called each time that the lock was held: how many times by now, and the wait so far. */
  readonly onBusy: (times: number, waitedMs: number) => void;
}

/**
 * The write lock of a file, against other processes. It is taken by
 * `exec("BEGIN IMMEDIATE")` alone: BUSY there poisons nothing (F4). Waits are
 * short and jittered, and never inside the binding (F3, F10).
 */
export class WriteLock {
  readonly #clock: Clock;
  readonly #random: Random;
  #streakSince = 0;
  #releasedAt = 0;
  #busyAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: Random = systemRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Begins at once; not when the lock is held (`busy`), or when it is time to let others in. */
  tryBegin(connection: Connection, now: number): 'begun' | 'busy' | 'others-first' {
    if (now - this.#releasedAt > GAP_MS) this.#streakSince = now;
    else if (now - this.#streakSince > this.#streakMsMax(now)) return 'others-first';
    return this.#attempt(connection) === undefined ? 'begun' : 'busy';
  }

  /** Begins when the lock is free. @returns how many times it was not */
  async begin(connection: Connection, options: LockOptions): Promise<number> {
    const { label, deadlineMs, signal, onBusy } = options;
    const startedAt = this.#clock.monotonic();
    if (
      startedAt - this.#releasedAt <= GAP_MS &&
      startedAt - this.#streakSince > this.#streakMsMax(startedAt)
    ) {
      await this.#clock.sleep(GAP_MS, signal);
    }
    this.#streakSince = this.#clock.monotonic();
    for (let busy = 0; ; busy += 1) {
      if (signal?.aborted) throw abortedError(label, signal);
      const error = this.#attempt(connection);
      if (error === undefined) return busy;
      const waitedMs = this.#clock.monotonic() - startedAt;
      onBusy(busy + 1, waitedMs);
      if (waitedMs >= deadlineMs) {
        throw new DatabaseBusyError(
          label,
          waitedMs,
          { label: 'another process', heldMs: waitedMs },
          error,
        );
      }
      const stepMs = Math.min(this.#stepMs(busy), deadlineMs - waitedMs);
      await this.#clock.sleep(stepMs, signal);
    }
  }

  /** To be called when the lock has been given back. */
  released(now: number): void {
    this.#releasedAt = now;
  }

  #stepMs(looks: number): number {
    if (looks < SOON_LOOKS) return SOON_MS + this.#random();
    return STEP_MS_MIN + this.#random() * (STEP_MS_MAX - STEP_MS_MIN);
  }

  #streakMsMax(now: number): number {
    return now - this.#busyAt < CONTENDED_FOR_MS ? CONTENDED_STREAK_MS_MAX : STREAK_MS_MAX;
  }

  #attempt(connection: Connection): unknown {
    try {
      connection.exec('BEGIN IMMEDIATE');
      return undefined;
    } catch (error) {
      if (isBusy(error)) {
        this.#busyAt = this.#clock.monotonic();
        return error;
      }
      throw error;
    }
  }
}
