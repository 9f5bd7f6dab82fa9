import type { Clock } from '../core/index.js';
import type { Attempt } from './attempt.js';

/**
 * The timeouts of running attempts, on one timer. Attempts with the same timeout end
 * in the order they began, so a list each holds them sorted at no cost.
 */
export class Deadlines {
  /** By timeout: when each attempt is over, by the monotonic clock. */
  readonly #lists = new Map<number, Map<Attempt, number>>();
  #alarm: AbortController | undefined;
  #rings = Number.POSITIVE_INFINITY;

  constructor(private readonly clock: Clock) {}

  add(attempt: Attempt): void {
    const { timeoutMs } = attempt.claim;
    const endsAt = this.clock.monotonic() + timeoutMs;
    const list = this.#lists.get(timeoutMs);
    if (list === undefined) this.#lists.set(timeoutMs, new Map([[attempt, endsAt]]));
    else list.set(attempt, endsAt);
    if (endsAt < this.#rings) this.#setAlarm(endsAt);
  }

  delete(attempt: Attempt): void {
    const { timeoutMs } = attempt.claim;
    const list = this.#lists.get(timeoutMs);
    if (list?.delete(attempt) !== true || list.size > 0) return;
    this.#lists.delete(timeoutMs);
    if (this.#lists.size === 0) this.#setAlarm(Number.POSITIVE_INFINITY);
  }

  /** An alarm that rings too early is set again: cheaper than one that follows every attempt. */
  #setAlarm(rings: number): void {
    this.#alarm?.abort();
    this.#alarm = undefined;
    this.#rings = rings;
    if (rings === Number.POSITIVE_INFINITY) return;
    const alarm = new AbortController();
    this.#alarm = alarm;
    void this.clock.sleep(rings - this.clock.monotonic(), alarm.signal).then(() => {
      if (!alarm.signal.aborted) this.#ring();
    });
  }

  #ring(): void {
    const now = this.clock.monotonic();
    let earliest = Number.POSITIVE_INFINITY;
    for (const list of [...this.#lists.values()]) {
      for (const [attempt, endsAt] of list) {
        if (endsAt > now) {
          earliest = Math.min(earliest, endsAt);
          break;
        }
        attempt.abort('attempt-timeout');
      }
    }
    this.#setAlarm(earliest);
  }
}
