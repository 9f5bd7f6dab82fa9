export type { Checkpoint } from './checkpoint.js';
export type {
  CallOptions,
  Database,
  Transaction,
  TransactionOptions,
  WriteOptions,
} from './database.js';
export { type DatabaseDescription, describeDatabase } from './describe-database.js';
export {
  CircuitOpenError,
  CommitUnknownError,
  DatabaseBusyError,
  TransactionExpiredError,
  WouldDeadlockError,
} from './errors.js';
export { type Migrated, type Migration, migrate } from './migrate.js';
export { databaseClock, NOW, type SqlClock } from './now.js';
export { openDatabase } from './open-database.js';
export type { CheckpointPolicy, OpenOptions } from './open-options.js';
export type { AuthToken } from './remote/auth-token.js';
export {
  type Capabilities,
  type DatabaseSettings,
  type Deviation,
  PROFILES,
  type Profile,
  type SettingsFound,
  type Verification,
} from './settings.js';
export type { ResultSet, Row, SqlValue, Statement } from './statement.js';
export type { DatabaseEvent, DatabaseListener, LabelTelemetry, Telemetry } from './telemetry.js';
export { type Topology, topologyOf } from './topology.js';
