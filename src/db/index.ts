export {
  type Client,
  type Config,
  type InArgs,
  type InStatement,
  type IntMode,
  type InValue,
  LibsqlBatchError,
  LibsqlError,
  type Replicated,
  type ResultSet as ClientResultSet,
  type Row as ClientRow,
  type Transaction as ClientTransaction,
  type TransactionMode,
  type Value,
} from '@libsql/core/api';
export { assertUnused, checkCopy, putBack, putOnServer } from '#db/local';
export type { Checkpoint } from './checkpoint.js';
export { copyDatabase } from './copy-database.js';
export type {
  CallOptions,
  Database,
  Transaction,
  TransactionOptions,
  WriteOptions,
} from './database.js';
export type { DatabaseEvent, DatabaseListener } from './database-event.js';
export { type DatabaseDescription, describeDatabase } from './describe-database.js';
export { type DiagnoseOptions, type Diagnosis, diagnose } from './doctor/diagnose.js';
export type { KnownSchema } from './doctor/evidence.js';
export { FINDINGS, type Finding, type FindingCode, type Severity } from './doctor/findings.js';
export type {
  ClientConfig,
  ClientTransactionOptions,
  HoldfastClient,
} from './drop-in/client-config.js';
export { createClient } from './drop-in/create-client.js';
export {
  CircuitOpenError,
  CommitUnknownError,
  DatabaseBusyError,
  TransactionConflictError,
  TransactionExpiredError,
  WouldDeadlockError,
} from './errors.js';
export { localPath } from './local/local-path.js';
export { type Migrated, type Migration, migrate, pendingMigrations } from './migrate.js';
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
export { readSpace, type Space } from './space.js';
export type { ResultSet, Row, SqlValue, Statement } from './statement.js';
export { type LabelTelemetry, type Telemetry, TelemetryRecorder } from './telemetry.js';
export { type Topology, topologyOf } from './topology.js';
