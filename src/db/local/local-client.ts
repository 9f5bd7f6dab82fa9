import type {
  InArgs,
  InStatement,
  IntMode,
  Replicated,
  ResultSet,
  Transaction,
  TransactionMode,
} from '@libsql/core/api';
import { transactionModeToBegin } from '@libsql/core/util';
import { heldLocks } from '#db/context';
import type { Checkpoint } from '../checkpoint.js';
import { isReadOnly } from '../classify-error.js';
import type { CallOptions } from '../database.js';
import type { DatabaseListener } from '../database-event.js';
import type { ClientTransactionOptions, HoldfastClient } from '../drop-in/client-config.js';
import { runInTransaction } from '../drop-in/run-in-transaction.js';
import { type NormalStatement, normalStatement } from '../drop-in/statement-forms.js';
import { splitScript } from '../split-script.js';
import type { Telemetry, TelemetryRecorder } from '../telemetry.js';
import { batchRolledBack, clientClosed, toBatchError, toClientError } from './client-errors.js';
import { LocalClientTransaction } from './client-transaction.js';
import { runForClient } from './client-values.js';
import type { Connection } from './connection.js';
import type { LocalEngine } from './engine.js';
import type { Call } from './lock-waits.js';
import { PragmaRunner } from './pragma-runner.js';
import { StatementRoutes } from './statement-routes.js';

export interface LocalClientOptions {
  readonly name: string;
  readonly intMode: IntMode;
  readonly deadlineMs: number;
  readonly holdMsMax: number;
  readonly recorder: TelemetryRecorder;
  /** Opens the engine anew: what `reconnect()` asks for. */
  readonly openEngine: () => LocalEngine;
}

/**
 * `@libsql/client`'s Client over a file or memory: the same results and errors,
 * but what would have been locked waits its turn.
 */
export class LocalClient implements HoldfastClient {
  readonly protocol = 'file';
  closed = false;
  readonly #options: LocalClientOptions;
  readonly #routes = new StatementRoutes();
  #engine: LocalEngine;
  #deadlineMs: number;

  constructor(options: LocalClientOptions) {
    this.#options = options;
    this.#deadlineMs = options.deadlineMs;
    this.#engine = options.openEngine();
  }

  async execute(stmtOrSql: InStatement, args?: InArgs): Promise<ResultSet> {
    this.#assertOpen();
    const statement = normalStatement(stmtOrSql, args);
    try {
      return await this.#execute(statement);
    } catch (error) {
      throw this.#failed('execute', error);
    }
  }

  async batch(
    stmts: (InStatement | [string, InArgs?])[],
    mode: TransactionMode = 'deferred',
  ): Promise<ResultSet[]> {
    this.#assertOpen();
    const statements = stmts.map((statement) => normalStatement(statement));
    // Their check, which throws for a mode that there is not. Otherwise the mode asks for nothing: files never enforced it.
    transactionModeToBegin(mode);
    try {
      const reads = statements.length > 0 && this.#routes.allRead(statements);
      const result = reads ? await this.#readBatch(statements) : undefined;
      return result ?? (await this.#writeBatch(statements));
    } catch (error) {
      throw this.#failed('batch', error);
    }
  }

  async migrate(stmts: InStatement[]): Promise<ResultSet[]> {
    this.#assertOpen();
    const statements = stmts.map((statement) => normalStatement(statement));
    this.#routes.noteAll(statements);
    const off = 'PRAGMA foreign_keys=off';
    const on = 'PRAGMA foreign_keys=on';
    try {
      return await this.#engine.writeBetween(this.#call('migrate'), off, on, (connection) =>
        this.#runBatch(connection, statements),
      );
    } catch (error) {
      throw this.#failed('migrate', error);
    }
  }

  async transaction(mode: TransactionMode = 'write'): Promise<Transaction> {
    this.#assertOpen();
    try {
      return await this.#begin(mode, this.#call('transaction'), this.#options.holdMsMax);
    } catch (error) {
      throw this.#failed('transaction', error);
    }
  }

  withTransaction<T>(
    run: (tx: Transaction) => Promise<T>,
    options: ClientTransactionOptions = {},
  ): Promise<T> {
    this.#assertOpen();
    const call = { ...this.#call(options.label ?? 'transaction'), ...pick(options) };
    const holdMsMax = options.holdMsMax ?? this.#options.holdMsMax;
    return runInTransaction({
      begin: () => this.#begin(options.mode ?? 'write', call, holdMsMax),
      within: (tx, work) => heldLocks.run(tx, work),
      run,
      label: call.label,
      conflictRetries: options.conflictRetries ?? 0,
      recorder: this.#options.recorder,
    });
  }

  async executeMultiple(sql: string): Promise<void> {
    this.#assertOpen();
    const statements = splitScript(sql);
    this.#routes.noteAll(statements.map((text) => ({ sql: text, args: undefined })));
    try {
      await this.#engine.withWriter(this.#call('executeMultiple'), async (step) => {
        // One at a time, since only a single statement can be repeated after BUSY.
        for (const statement of statements) {
          await step((connection) => connection.execScript(immediate(statement)));
        }
      });
    } catch (error) {
      throw this.#failed('executeMultiple', error);
    }
  }

  sync(): Promise<Replicated> {
    this.#assertOpen();
    // The words of the binding, which knows no typed error here.
    return Promise.reject(Object.assign(new Error('SyncNotSupported("File")'), { code: '' }));
  }

  async checkpoint(options: CallOptions = {}): Promise<Checkpoint> {
    this.#assertOpen();
    return await this.#engine.checkpoint({ ...this.#call('checkpoint'), ...pick(options) });
  }

  telemetry(): Telemetry {
    const { turn, waiting } = this.#engine.lane;
    const heldMs = turn === undefined ? 0 : performance.now() - turn.since;
    const holder = turn === undefined ? null : { label: turn.label, heldMs };
    const walBytes = this.#engine.walBytes();
    return this.#options.recorder.snapshot({ holder, waiting, walBytes });
  }

  listen(listener: DatabaseListener): () => void {
    return this.#options.recorder.listen(listener);
  }

  async reconnect(): Promise<void> {
    this.close();
    this.#engine = this.#options.openEngine();
    this.closed = false;
  }

  close(): void {
    this.closed = true;
    this.#engine.closeNow();
  }

  async #execute(statement: NormalStatement): Promise<ResultSet> {
    const { sql } = statement;
    const call = this.#call('execute');
    const work = (connection: Connection) => this.#run(connection, statement);
    switch (this.#routes.of(sql)) {
      case 'read':
        try {
          return await this.#engine.read(call, false, work);
        } catch (error) {
          if (!isReadOnly(error) || this.#engine.single) throw error;
          this.#routes.writes(sql);
          return await this.#engine.write(call, work);
        }
      case 'write':
        return await this.#engine.write(call, work);
      case 'pragma':
      case 'vacuum':
      case 'attach':
      case 'control':
        return await this.#pragmas().run(statement, call);
    }
  }

  #pragmas(): PragmaRunner {
    return new PragmaRunner({
      engine: this.#engine,
      intMode: this.#options.intMode,
      deadlineMs: () => this.#deadlineMs,
      setDeadlineMs: (ms) => {
        this.#deadlineMs = ms;
      },
    });
  }

  /** Undefined when something in it writes after all: nothing has been written then. */
  async #readBatch(statements: readonly NormalStatement[]): Promise<ResultSet[] | undefined> {
    try {
      return await this.#engine.read(this.#call('batch'), true, (connection) =>
        this.#runBatch(connection, statements),
      );
    } catch (error) {
      if (!isReadOnly(error) || this.#engine.single) throw error;
      return undefined;
    }
  }

  #writeBatch(statements: readonly NormalStatement[]): Promise<ResultSet[]> {
    return this.#engine.write(this.#call('batch'), (connection) =>
      this.#runBatch(connection, statements),
    );
  }

  #runBatch(connection: Connection, statements: readonly NormalStatement[]): ResultSet[] {
    const reads = this.#engine.single && !connection.inTransaction;
    return statements.map((statement, index) => {
      if (!connection.inTransaction && !reads) throw batchRolledBack(index);
      try {
        return this.#run(connection, statement);
      } catch (error) {
        throw toBatchError(error, index);
      }
    });
  }

  #run(connection: Connection, statement: NormalStatement): ResultSet {
    return runForClient(connection, statement, this.#options.intMode);
  }

  async #begin(
    mode: TransactionMode,
    call: Call,
    holdMsMax: number,
  ): Promise<LocalClientTransaction> {
    const { intMode } = this.#options;
    const transaction = new LocalClientTransaction({
      engine: this.#engine,
      routes: this.#routes,
      call,
      holdMsMax,
      intMode,
    });
    await transaction.begin(mode);
    return transaction;
  }

  #call(label: string): Call {
    return { label, deadlineMs: this.#deadlineMs };
  }

  #failed(label: string, error: unknown): unknown {
    this.#options.recorder.of(label).failures += 1;
    return toClientError(error);
  }

  #assertOpen(): void {
    if (this.closed) throw clientClosed();
  }
}

/** A bare BEGIN would take its lock late, and then fail at once instead of waiting (F7). */
function immediate(statement: string): string {
  return /^begin(?:\s+deferred)?(?:\s+transaction)?\s*;?$/i.test(statement)
    ? 'BEGIN IMMEDIATE'
    : statement;
}

function pick({ deadlineMs, signal }: CallOptions): Partial<Call> {
  return {
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(signal === undefined ? {} : { signal }),
  };
}
