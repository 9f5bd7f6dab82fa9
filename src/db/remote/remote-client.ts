import type {
  Client,
  InArgs,
  InStatement,
  Replicated,
  ResultSet,
  Transaction,
  TransactionMode,
} from '@libsql/core/api';
import { type Checkpoint, noCheckpoint } from '../checkpoint.js';
import type { CallOptions } from '../database.js';
import type { DatabaseListener } from '../database-event.js';
import type { ClientTransactionOptions, HoldfastClient } from '../drop-in/client-config.js';
import { runInTransaction } from '../drop-in/run-in-transaction.js';
import { normalStatement } from '../drop-in/statement-forms.js';
import { WouldDeadlockError } from '../errors.js';
import { splitScript } from '../split-script.js';
import { isOneTransaction, isPlainRead } from '../sql-route.js';
import type { Telemetry, TelemetryRecorder } from '../telemetry.js';
import { handleSteps } from './handled-steps.js';
import { OpenCallbacks } from './open-callbacks.js';
import { RemoteClientTransaction } from './remote-client-transaction.js';
import type { Attempt, ServerCall, ServerCalls } from './server-calls.js';
import type { ServerState } from './server-state.js';

export interface RemoteClientOptions {
  readonly calls: ServerCalls;
  readonly server: ServerState;
  readonly recorder: TelemetryRecorder;
  readonly deadlineMs: number;
  readonly now: () => number;
  /**
   * Their client for one attempt; without an attempt, the one that stands for this
   * client: it validates the configuration, and throws what theirs throws once closed.
   */
  readonly open: (attempt?: Attempt) => Client;
}

type Batch = (InStatement | [string, InArgs?])[];

/** `@libsql/client`'s Client over a server: bounded, and again where that is safe. */
export class RemoteClient implements HoldfastClient {
  readonly #options: RemoteClientOptions;
  readonly #base: Client;
  readonly #callbacks = new OpenCallbacks();
  /** Called after each write that was acknowledged. */
  onWritten: (() => void) | undefined;

  constructor(options: RemoteClientOptions) {
    this.#options = options;
    this.#base = options.open();
  }

  get protocol(): string {
    return this.#base.protocol;
  }

  get closed(): boolean {
    return this.#base.closed;
  }

  async execute(stmtOrSql: InStatement, args?: InArgs): Promise<ResultSet> {
    const statement = normalStatement(stmtOrSql, args);
    const call = this.#call('execute', isPlainRead(statement.sql) ? 'read' : 'write');
    const sent = { sql: statement.sql, args: statement.args ?? [] };
    return await this.#run(call, (client) => client.execute(sent));
  }

  async batch(stmts: Batch, mode: TransactionMode = 'deferred'): Promise<ResultSet[]> {
    const reads = stmts.every((statement) => isPlainRead(normalStatement(statement).sql));
    const call = this.#call('batch', mode === 'read' || reads ? 'read' : 'write');
    // F7: a deferred batch that writes would take its lock late, and lose it at once.
    const safeMode = mode === 'deferred' && !reads ? 'write' : mode;
    return await this.#run(call, (client) => client.batch(stmts, safeMode));
  }

  async migrate(stmts: InStatement[]): Promise<ResultSet[]> {
    // It switches foreign keys off and on again around its transaction, and looks at neither answer.
    handleSteps();
    return await this.#run(this.#call('migrate', 'write'), (client) => client.migrate(stmts));
  }

  async executeMultiple(sql: string): Promise<void> {
    const extent = isOneTransaction(splitScript(sql)) ? 'whole' : 'script';
    const call = { ...this.#call('executeMultiple', 'write'), extent } as const;
    await this.#run(call, (client) => client.executeMultiple(sql));
  }

  async transaction(mode: TransactionMode = 'write'): Promise<Transaction> {
    return await this.#begin(mode, this.#call('transaction', mode === 'read' ? 'read' : 'write'));
  }

  withTransaction<T>(
    run: (tx: Transaction) => Promise<T>,
    options: ClientTransactionOptions = {},
  ): Promise<T> {
    const mode = options.mode ?? 'write';
    const own = this.#call(options.label ?? 'transaction', mode === 'read' ? 'read' : 'write');
    const call = {
      ...own,
      deadlineMs: options.deadlineMs ?? own.deadlineMs,
      signal: options.signal,
    };
    return runInTransaction({
      begin: () => this.#begin(mode, call),
      within: (_tx, work) => (mode === 'read' ? work() : this.#callbacks.run(work)),
      run,
      label: call.label,
      conflictRetries: options.conflictRetries ?? 0,
      recorder: this.#options.recorder,
    });
  }

  sync(): Promise<Replicated> {
    return this.#base.sync();
  }

  async reconnect(): Promise<void> {
    await this.#base.reconnect();
  }

  close(): void {
    this.#base.close();
  }

  checkpoint(_options?: CallOptions): Promise<Checkpoint> {
    return Promise.resolve(noCheckpoint('managed', this.#options.now()));
  }

  telemetry(): Telemetry {
    return this.#options.recorder.snapshot({ circuit: this.#options.server.breaker.state });
  }

  listen(listener: DatabaseListener): () => void {
    return this.#options.recorder.listen(listener);
  }

  async #begin(mode: TransactionMode, call: ServerCall): Promise<RemoteClientTransaction> {
    if (this.#base.closed) await this.#base.transaction(mode);
    this.#assertNotWithin(call);
    const { calls, open } = this.#options;
    // Opening does no I/O: BEGIN travels with the first statement, and is tried again there.
    const begin = () =>
      calls.run({ ...call, kind: 'read' }, (attempt) => open(attempt).transaction(mode));
    return new RemoteClientTransaction(await begin(), begin, calls, call, () => this.onWritten?.());
  }

  async #run<T>(call: ServerCall, work: (client: Client) => Promise<T>): Promise<T> {
    // Their own words for a client that is closed.
    if (this.#base.closed) return await work(this.#base);
    this.#assertNotWithin(call);
    const result = await this.#options.calls.run(call, (attempt) =>
      work(this.#options.open(attempt)),
    );
    if (call.kind === 'write') this.onWritten?.();
    return result;
  }

  #assertNotWithin(call: ServerCall): void {
    if (call.kind === 'write' && this.#callbacks.within()) {
      throw new WouldDeadlockError(call.label, 'transaction');
    }
  }

  #call(label: string, kind: ServerCall['kind']): ServerCall {
    return { label, kind, deadlineMs: this.#options.deadlineMs, idempotent: false };
  }
}
