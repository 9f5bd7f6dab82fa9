import { type Clock, systemClock } from '../../src/core/index.js';

/** No wait is longer. */
export const WAIT_MS_MAX = 300_000;

/** Looks grow from 250 ms to 2 s apart. */
const LOOK_MS = { first: 250, max: 2_000, factor: 1.5 } as const;

/** What is due by one clock may not quite be by the other. */
const DUE_MS_MIN = 5;

/** Wakes whoever waits for a change of the store. */
export interface ChangeBell {
  /** To be taken before a look: a ring during the look then ends the wait after it. */
  mark(): number;
  /** Resolves at the first ring since `mark`, after `ms`, or when `signal` aborts. */
  wait(mark: number, ms: number, signal: AbortSignal): Promise<void>;
}

/** How a service waits: with a bell in the process that writes, by looking again on the edge. */
export interface Waiting {
  readonly bell: ChangeBell;
  /** Looks in one wait; on the edge each is a subrequest. */
  readonly looksMax: number;
}

export interface Look<T> {
  readonly look: () => Promise<T>;
  readonly isDone: (seen: T) => boolean;
  /** Milliseconds until there is something to see without any bell; null when never. */
  readonly dueInMs?: () => Promise<number | null>;
}

/**
 * Looks until `isDone`, `waitMs` is over, `signal` aborts, or `looksMax` looks
 * have been made. Resolves with what the last look saw.
 */
export async function lookUntil<T>(
  { look, isDone, dueInMs }: Look<T>,
  waitMs: number,
  signal: AbortSignal,
  { bell, looksMax }: Waiting,
  clock: Clock = systemClock,
): Promise<T> {
  const endsAt = clock.monotonic() + waitMs;
  let pauseMs: number = LOOK_MS.first;
  let mark = bell.mark();
  let seen = await look();
  for (let looks = 1; looks < looksMax && !isDone(seen); looks++) {
    const leftMs = endsAt - clock.monotonic();
    if (leftMs <= 0 || signal.aborted) break;
    const dueMs = (await dueInMs?.()) ?? 0;
    // What is due already is somebody else's to take or to recover: no reason to hurry.
    const soonMs = dueMs > 0 ? Math.max(dueMs, DUE_MS_MIN) : pauseMs;
    await bell.wait(mark, Math.min(pauseMs, leftMs, soonMs), signal);
    pauseMs = Math.min(pauseMs * LOOK_MS.factor, LOOK_MS.max);
    mark = bell.mark();
    seen = await look();
  }
  return seen;
}

/** No bell: a wait is a pause. */
export const silentBell: ChangeBell = {
  mark: () => 0,
  wait: (_mark, ms, signal) => systemClock.sleep(ms, signal),
};

/**
 * A bell that `ring` rings. Rings that come close together are one: the more
 * wait, the further apart, so that looking never takes more than a share of a core.
 */
export class Bell implements ChangeBell {
  readonly #waiting = new Set<() => void>();
  #rings = 0;
  #isScheduled = false;

  mark(): number {
    return this.#rings;
  }

  wait(mark: number, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      this.#waiting.add(done);
      if (mark !== this.#rings) this.#schedule();
    });
  }

  ring(): void {
    this.#rings += 1;
    if (this.#waiting.size > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const pauseMs = Math.min(1 + this.#waiting.size / 10, 250);
    setTimeout(() => {
      this.#isScheduled = false;
      for (const done of [...this.#waiting]) done();
    }, pauseMs);
  }
}
