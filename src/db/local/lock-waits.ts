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
    for (;;) {
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error) || error instanceof DatabaseBusyError) throw error;
        if (call.signal?.aborted) throw abortedError(call.label, call.signal);
        this.#recorder.of(call.label).busy += 1;
        const waitedMs = this.#clock.monotonic() - startedAt;
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

  countWait(call: Call, startedAt: number, heldBy: string, busy: number): void {
    const counts = this.#recorder.of(call.label);
    const waitedMs = this.#clock.monotonic() - startedAt;
    counts.busy += busy;
    counts.lockWaits += 1;
    counts.lockWaitMsTotal += waitedMs;
    counts.lockWaitMsMax = Math.max(counts.lockWaitMsMax, waitedMs);
    this.#recorder.emit({ kind: 'lock-waited', label: call.label, waitedMs, heldBy });
  }

  countDeadline(call: Call, error: unknown): void {
    if (!(error instanceof DatabaseBusyError)) return;
    const { waitedMs, holder } = error;
    this.#recorder.of(call.label).deadlinesPassed += 1;
    this.#recorder.emit({
      kind: 'deadline-passed',
      label: call.label,
      waitedMs,
      heldBy: holder.label,
    });
  }

  countWrite(call: Call, heldMs: number): void {
    const counts = this.#recorder.of(call.label);
    counts.writes += 1;
    if (heldMs > counts.writeMsMax) counts.writeMsMax = heldMs;
  }

  countRead(call: Call, startedAt: number): void {
    const counts = this.#recorder.of(call.label);
    counts.reads += 1;
    counts.readMsMax = Math.max(counts.readMsMax, this.#clock.monotonic() - startedAt);
  }
}
