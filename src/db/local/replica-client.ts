import type {
  InArgs,
  InStatement,
  IntMode,
  Replicated,
  ResultSet,
  Transaction,
  TransactionMode,
} from '@libsql/core/api';
import type { Checkpoint } from '../checkpoint.js';
import type { CallOptions } from '../database.js';
import type { DatabaseListener } from '../database-event.js';
import type { ClientTransactionOptions, HoldfastClient } from '../drop-in/client-config.js';
import { type NormalStatement, normalStatement } from '../drop-in/statement-forms.js';
import type { RemoteClient } from '../remote/remote-client.js';
import { isPlainRead } from '../sql-route.js';
import type { Telemetry } from '../telemetry.js';
import { clientClosed, toClientError } from './client-errors.js';
import { toArgs, toResultSet } from './client-values.js';
import type { Call } from './lock-waits.js';
import type { ReplicaSync } from './replica-sync.js';
import type { ReplicaThread } from './replica-thread.js';

export interface ReplicaClientOptions {
  readonly intMode: IntMode;
  readonly deadlineMs: number;
  /** Makes the thread and its sync anew: what `reconnect()` asks for. */
  readonly openReplica: () => { readonly thread: ReplicaThread; readonly sync: ReplicaSync };
  readonly primary: RemoteClient;
}

type Batch = (InStatement | [string, InArgs?])[];

/**
 * `@libsql/client`'s Client over an embedded replica. Reads come from the
 * replica; whatever writes, and every interactive transaction, goes to the server
 * itself, so nothing ever meets TRANSACTION_ACTIVE.
 */
export class ReplicaClient implements HoldfastClient {
  readonly protocol = 'file';
  readonly #options: ReplicaClientOptions;
  #replica: ReturnType<ReplicaClientOptions['openReplica']>;
  closed = false;

  constructor(options: ReplicaClientOptions) {
    this.#options = options;
    this.#replica = options.openReplica();
    options.primary.onWritten = () => this.#replica.sync.wrote();
  }

  async execute(stmtOrSql: InStatement, args?: InArgs): Promise<ResultSet> {
    this.#assertOpen();
    const statement = normalStatement(stmtOrSql, args);
    if (!isPlainRead(statement.sql)) return await this.#options.primary.execute(stmtOrSql, args);
    const [result] = await this.#read([statement]);
    if (result === undefined) throw clientClosed();
    return result;
  }

  async batch(stmts: Batch, mode: TransactionMode = 'deferred'): Promise<ResultSet[]> {
    this.#assertOpen();
    const statements = stmts.map((statement) => normalStatement(statement));
    const reads = statements.length > 0 && statements.every(({ sql }) => isPlainRead(sql));
    return reads ? await this.#read(statements) : await this.#options.primary.batch(stmts, mode);
  }

  async migrate(stmts: InStatement[]): Promise<ResultSet[]> {
    this.#assertOpen();
    return await this.#options.primary.migrate(stmts);
  }

  async transaction(mode: TransactionMode = 'write'): Promise<Transaction> {
    this.#assertOpen();
    return await this.#options.primary.transaction(mode);
  }

  withTransaction<T>(
    run: (tx: Transaction) => Promise<T>,
    options?: ClientTransactionOptions,
  ): Promise<T> {
    this.#assertOpen();
    return this.#options.primary.withTransaction(run, options);
  }

  async executeMultiple(sql: string): Promise<void> {
    this.#assertOpen();
    await this.#options.primary.executeMultiple(sql);
  }

  async sync(): Promise<Replicated> {
    this.#assertOpen();
    return await this.#replica.sync.sync(this.#call('sync'));
  }

  checkpoint(options?: CallOptions): Promise<Checkpoint> {
    return this.#options.primary.checkpoint(options);
  }

  telemetry(): Telemetry {
    return this.#options.primary.telemetry();
  }

  listen(listener: DatabaseListener): () => void {
    return this.#options.primary.listen(listener);
  }

  async reconnect(): Promise<void> {
    this.close();
    this.#replica = this.#options.openReplica();
    await this.#options.primary.reconnect();
    this.closed = false;
  }

  close(): void {
    this.closed = true;
    this.#replica.sync.stop();
    // Ends by itself: the thread closes its connection and does not keep the process.
    this.#replica.thread.close().catch(() => {});
    this.#options.primary.close();
  }

  async #read(statements: readonly NormalStatement[]): Promise<ResultSet[]> {
    const { intMode } = this.#options;
    const call = this.#call('read');
    try {
      await this.#replica.sync.beforeRead(call);
      const bound = statements.map(({ sql, args }) => ({
        sql,
        args: toArgs(args, intMode),
        integers: 'bigint' as const,
      }));
      const results = await this.#replica.thread.read(bound, call);
      return results.map((result) => toResultSet(result, intMode));
    } catch (error) {
      throw toClientError(error);
    }
  }

  #call(label: string): Call {
    return { label, deadlineMs: this.#options.deadlineMs };
  }

  #assertOpen(): void {
    if (this.closed) throw clientClosed();
  }
}
