import type { Clock, Random } from '../../core/index.js';
import { isBusy } from '../classify-error.js';
import { abortedError, DatabaseBusyError } from '../errors.js';
import type { TelemetryRecorder } from '../telemetry.js';

/** One call as the engine sees it. */
export interface Call {
  readonly label: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Waits for what other processes hold, and counts every wait. */
export class LockWaits {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #recorder: TelemetryRecorder;

  constructor(clock: Clock, random: Random, recorder: TelemetryRecorder) {
    this.#clock = clock;
    this.#random = random;
    this.#recorder = recorder;
  }

  /** Repeats what met BUSY, in short waits (F10), until the deadline. */
  async whenFree<T>(call: Call, attempt: () => T): Promise<T> {
    const startedAt = this.#clock.monotonic();
    for (let times = 1; ; times += 1) {
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error) || error instanceof DatabaseBusyError) throw error;
        if (call.signal?.aborted) throw abortedError(call.label, call.signal);
        const waitedMs = this.#clock.monotonic() - startedAt;
        this.#recorder.busy(call.label, times, waitedMs);
        if (waitedMs >= call.deadlineMs) {
          const holder = { label: 'another process', heldMs: waitedMs };
          const busy = new DatabaseBusyError(call.label, waitedMs, holder, error);
          this.countDeadline(call, busy);
          throw busy;
        }
        await this.#clock.sleep(1 + 2 * this.#random(), call.signal);
      }
    }
  }

  countWait({ label }: Call, startedAt: number, heldBy: string): void {
    this.#recorder.waitedForLock(label, this.#clock.monotonic() - startedAt, heldBy);
  }

  countDeadline(call: Call, error: unknown): void {
    if (!(error instanceof DatabaseBusyError)) return;
    this.#recorder.deadlinePassed(call.label, error.waitedMs, error.holder.label);
  }

  countWrite(call: Call, heldMs: number): void {
    this.#recorder.wrote(call.label, heldMs);
  }

  countRead(call: Call, startedAt: number): void {
    this.#recorder.read(call.label, this.#clock.monotonic() - startedAt);
  }
}
