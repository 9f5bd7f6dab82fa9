import {
  type Clock,
  type Log,
  messageOf,
  type Random,
  systemClock,
  systemRandom,
} from '../core/index.js';
import type { Schedules } from '../promises/index.js';
import { errorWaitMs } from './error-wait.js';

export interface SchedulerOptions {
  readonly schedules: Pick<Schedules, 'fireDue' | 'nextDueInMs' | 'onChange'>;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** The longest sleep: how late a schedule is noticed that another process has made on a server. */
const SLEEP_MS_MAX = 60_000;
/** The shortest sleep: what is due by one clock may not quite be by the other. */
const SLEEP_MS_MIN = 5;
/** Looks because of a change come no closer together: other processes may commit all the time. */
const LOOK_MS_MIN = 200;

/**
 * Fires schedules to the second where a process runs all the time: sleeps until the next
 * slot is due, or until schedules change.
 */
export class Scheduler {
  readonly #options: Required<SchedulerOptions>;
  readonly #stopping = new AbortController();
  #wakeUp = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = { clock: systemClock, random: systemRandom, ...options };
  }

  /** Fires until `stop`. */
  start(): void {
    this.#loop ??= this.#work();
  }

  /** Resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wakeUp.abort();
    await this.#loop;
  }

  async #work(): Promise<void> {
    const { schedules, clock, random, log } = this.#options;
    const unsubscribe = schedules.onChange(() => this.#wakeUp.abort());
    let errors = 0;
    while (!this.#stopping.signal.aborted) {
      this.#wakeUp = new AbortController();
      try {
        await this.#sleep(await this.#round());
        errors = 0;
      } catch (error) {
        log.warn('scheduler-waits', { reason: messageOf(error), error, errors: errors + 1 });
        await clock.sleep(errorWaitMs(errors, random), this.#stopping.signal);
        errors += 1;
      }
    }
    unsubscribe();
  }

  /** Answers how long nothing will be due. */
  async #round(): Promise<number> {
    const { schedules, log } = this.#options;
    const { fired, skipped, more } = await schedules.fireDue();
    if (fired.length + skipped > 0) log.debug('schedules-fired', { fired: fired.length, skipped });
    if (more) return LOOK_MS_MIN;
    const dueInMs = (await schedules.nextDueInMs()) ?? SLEEP_MS_MAX;
    return Math.min(Math.max(dueInMs, SLEEP_MS_MIN), SLEEP_MS_MAX);
  }

  async #sleep(ms: number): Promise<void> {
    const { clock } = this.#options;
    const restMs = Math.min(ms, LOOK_MS_MIN);
    await clock.sleep(restMs, this.#stopping.signal);
    const wakeUp = AbortSignal.any([this.#wakeUp.signal, this.#stopping.signal]);
    if (ms > restMs) await clock.sleep(ms - restMs, wakeUp);
  }
}
