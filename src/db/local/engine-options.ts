import type { Clock, Log, Random } from '../../core/index.js';
import type { CheckpointPolicy } from '../open-options.js';
import type { DatabaseSettings } from '../settings.js';
import type { TelemetryRecorder } from '../telemetry.js';
import type { ConnectionTarget } from './connection.js';

export interface EngineOptions {
  readonly name: string;
  readonly target: ConnectionTarget;
  /** One connection for everything: what `:memory:` needs, since each connection is a database of its own (F11). */
  readonly single: boolean;
  readonly settings: DatabaseSettings;
  readonly checkpoints: CheckpointPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly recorder: TelemetryRecorder;
}
