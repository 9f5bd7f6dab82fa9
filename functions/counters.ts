import { type Log, systemClock } from '../src/core/index.js';
import { TelemetryRecorder } from '../src/db/index.js';
import { PromiseTelemetry } from '../src/promises/index.js';
import { type HistoryMark, newHistoryMark } from '../src/tasks/index.js';

/**
 * What is counted for as long as a process or an isolate lives, by however many services
 * one after the other. Only numbers: an invocation may leave them to the next.
 */
export interface Counters {
  readonly queue: TelemetryRecorder;
  readonly system: TelemetryRecorder;
  readonly promises: PromiseTelemetry;
  readonly mark: HistoryMark;
}

export function newCounters(log: Log): Counters {
  const openedAt = systemClock.now();
  return {
    queue: new TelemetryRecorder({ name: 'queue', openedAt, log }),
    system: new TelemetryRecorder({ name: 'system', openedAt, log }),
    promises: new PromiseTelemetry(),
    mark: newHistoryMark(),
  };
}
