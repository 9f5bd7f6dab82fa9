import type { InArgs, InStatement, Transaction, TransactionMode } from '@libsql/core/api';
import { isObserved, observed } from '../../core/index.js';
import type { CallOptions } from '../database.js';
import type { DatabaseListener } from '../database-event.js';
import { type DatabaseIdentity, observationOf } from '../observation.js';
import type { ClientTransactionOptions, HoldfastClient } from './client-config.js';

/** A client whose calls are spans and durations of OpenTelemetry, where the program has an SDK. */
export class ObservedClient implements HoldfastClient {
  constructor(
    private readonly inner: HoldfastClient,
    private readonly identity: DatabaseIdentity,
  ) {}

  get closed(): boolean {
    return this.inner.closed;
  }

  get protocol(): string {
    return this.inner.protocol;
  }

  execute(statement: InStatement, args?: InArgs) {
    // Of their two ways to say it, the types of one call know one.
    const sql = statement as string;
    if (!isObserved()) return this.inner.execute(sql, args);
    return this.#observed('execute', () => this.inner.execute(sql, args));
  }

  batch(statements: (InStatement | [string, InArgs?])[], mode?: TransactionMode) {
    if (!isObserved()) return this.inner.batch(statements, mode);
    const run = () => this.inner.batch(statements, mode);
    return this.#observed('batch', run, statements.length);
  }

  migrate(statements: InStatement[]) {
    return this.#observed('migrate', () => this.inner.migrate(statements), statements.length);
  }

  executeMultiple(sql: string) {
    return this.#observed('executeMultiple', () => this.inner.executeMultiple(sql));
  }

  /** The span is that of its beginning, which waits for the lock. */
  transaction(mode?: TransactionMode) {
    return this.#observed('transaction', () => this.inner.transaction(mode));
  }

  withTransaction<T>(run: (tx: Transaction) => Promise<T>, options?: ClientTransactionOptions) {
    const call = () => this.inner.withTransaction(run, options);
    return observed(() => observationOf(this.identity, 'transaction', options?.label), call);
  }

  sync() {
    return this.#observed('sync', () => this.inner.sync());
  }

  checkpoint(options?: CallOptions) {
    return this.#observed('checkpoint', () => this.inner.checkpoint(options));
  }

  telemetry() {
    return this.inner.telemetry();
  }

  listen(listener: DatabaseListener) {
    return this.inner.listen(listener);
  }

  reconnect() {
    return this.inner.reconnect();
  }

  close(): void {
    this.inner.close();
  }

  #observed<T>(operation: string, run: () => T, statements = 1): T {
    return observed(() => observationOf(this.identity, operation, operation, statements), run);
  }
}
