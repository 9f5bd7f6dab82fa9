import { silentLog, systemClock } from '../core/index.js';
import type { OpenOptions } from './open-options.js';
import { TelemetryRecorder } from './telemetry.js';

/** A recorder for a database that is opened, or for a client that is made. */
export function newRecorder(
  options: Pick<OpenOptions, 'name' | 'clock' | 'log' | 'slowWriteMs'>,
): TelemetryRecorder {
  const { name, clock = systemClock, log = silentLog, slowWriteMs } = options;
  return new TelemetryRecorder({ name, openedAt: clock.now(), log, slowWriteMs });
}
