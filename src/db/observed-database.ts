import { isObserved, observed } from '../core/index.js';
import type {
  CallOptions,
  Database,
  Transaction,
  TransactionOptions,
  WriteOptions,
} from './database.js';
import type { DatabaseListener } from './database-event.js';
import { type DatabaseIdentity, observationOf } from './observation.js';
import type { Statement } from './statement.js';

/** A database whose calls are spans and durations of OpenTelemetry, where the program has an SDK. */
export class ObservedDatabase implements Database {
  readonly name: string;
  readonly topology: Database['topology'];
  readonly capabilities: Database['capabilities'];

  constructor(
    private readonly inner: Database,
    private readonly identity: DatabaseIdentity,
  ) {
    this.name = inner.name;
    this.topology = inner.topology;
    this.capabilities = inner.capabilities;
  }

  read(statements: readonly Statement[], options?: CallOptions) {
    if (!isObserved()) return this.inner.read(statements, options);
    return observed(
      () => observationOf(this.identity, 'read', options?.label, statements.length),
      () => this.inner.read(statements, options),
    );
  }

  write(statements: readonly Statement[], options?: WriteOptions) {
    if (!isObserved()) return this.inner.write(statements, options);
    return observed(
      () => observationOf(this.identity, 'write', options?.label, statements.length),
      () => this.inner.write(statements, options),
    );
  }

  transaction<T>(run: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return observed(
      () => observationOf(this.identity, 'transaction', options?.label),
      () => this.inner.transaction(run, options),
    );
  }

  checkpoint(options?: CallOptions) {
    return observed(
      () => observationOf(this.identity, 'checkpoint', options?.label),
      () => this.inner.checkpoint(options),
    );
  }

  sync() {
    return observed(
      () => observationOf(this.identity, 'sync'),
      () => this.inner.sync(),
    );
  }

  vacuum(...given: Parameters<Database['vacuum']>) {
    return observed(
      () => observationOf(this.identity, 'vacuum'),
      () => this.inner.vacuum(...given),
    );
  }

  verify() {
    return this.inner.verify();
  }

  telemetry() {
    return this.inner.telemetry();
  }

  listen(listener: DatabaseListener) {
    return this.inner.listen(listener);
  }

  onForeignCommit(listener: () => void) {
    return this.inner.onForeignCommit(listener);
  }

  close() {
    return this.inner.close();
  }
}
