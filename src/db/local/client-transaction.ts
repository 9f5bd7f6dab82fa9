import type {
  InArgs,
  InStatement,
  IntMode,
  ResultSet,
  Transaction,
  TransactionMode,
} from '@libsql/core/api';
import { transactionModeToBegin } from '@libsql/core/util';
import { isReadOnly } from '../classify-error.js';
import { type NormalStatement, normalStatement } from '../drop-in/statement-forms.js';
import { TransactionConflictError } from '../errors.js';
import { toBatchError, toClientError, transactionClosed } from './client-errors.js';
import { runForClient } from './client-values.js';
import type { Connection } from './connection.js';
import type { LocalEngine } from './engine.js';
import type { Call } from './lock-waits.js';
import type { OpenTransaction } from './open-transaction.js';
import type { StatementRoutes } from './statement-routes.js';

export interface LocalClientTransactionOptions {
  readonly engine: LocalEngine;
  readonly routes: StatementRoutes;
  readonly call: Call;
  readonly holdMsMax: number;
  readonly intMode: IntMode;
}

/** Where the transaction runs now. */
type Place =
  | { readonly kind: 'writer'; readonly open: OpenTransaction }
  | {
      readonly kind: 'reader';
      readonly connection: Connection;
      readonly stamp: string;
      read: boolean;
    };

/**
 * Their Transaction. A `write` one holds the lock from the start. A `deferred`
 * one begins on a reader; its first write takes the lock, and goes on there when
 * nobody has committed since it began to read.
 */
export class LocalClientTransaction implements Transaction {
  readonly #options: LocalClientTransactionOptions;
  #place: Place | undefined;

  constructor(options: LocalClientTransactionOptions) {
    this.#options = options;
  }

  async begin(mode: TransactionMode): Promise<void> {
    const { engine } = this.#options;
    transactionModeToBegin(mode);
    if (mode === 'write' || engine.single || this.#options.routes.of('SELECT 1') === 'write') {
      return await this.#takeLock();
    }
    // The stamp comes first: what is committed between the two is then a conflict, never overlooked.
    const [stamp, connection] = await engine.waits.whenFree(this.#options.call, () => {
      const before = engine.commitStamp();
      return [before, engine.readers.begin()] as const;
    });
    this.#place = { kind: 'reader', connection, stamp, read: false };
  }

  async execute(stmtOrSql: InStatement, args?: InArgs): Promise<ResultSet> {
    try {
      return await this.#execute(normalStatement(stmtOrSql, args));
    } catch (error) {
      throw toClientError(error);
    }
  }

  async batch(stmts: (InStatement | [string, InArgs?])[]): Promise<ResultSet[]> {
    const results: ResultSet[] = [];
    for (const [index, statement] of stmts.entries()) {
      try {
        results.push(await this.#execute(normalStatement(statement)));
      } catch (error) {
        throw toBatchError(error, index);
      }
    }
    return results;
  }

  async executeMultiple(sql: string): Promise<void> {
    try {
      if (this.#here().kind === 'reader') await this.#moveToWriter();
      this.#connection().execScript(sql);
    } catch (error) {
      throw toClientError(error);
    } finally {
      this.#settleIfLost();
    }
  }

  async commit(): Promise<void> {
    const place = this.#here();
    try {
      if (place.kind === 'writer') await place.open.commit();
      else place.connection.exec('COMMIT');
    } catch (error) {
      throw toClientError(error);
    } finally {
      this.close();
    }
  }

  rollback(): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  close(): void {
    const place = this.#place;
    if (place === undefined) return;
    if (place.kind === 'writer') place.open.rollback();
    else this.#leaveReader(place.connection);
    if (place.kind === 'reader' || !place.open.expired) this.#place = undefined;
  }

  get closed(): boolean {
    const place = this.#place;
    if (place === undefined) return true;
    return place.kind === 'writer' ? place.open.lost : !place.connection.inTransaction;
  }

  async #execute(statement: NormalStatement): Promise<ResultSet> {
    const place = this.#here();
    try {
      if (place.kind === 'reader') return await this.#executeOnReader(place, statement);
      return runForClient(place.open.use(), statement, this.#options.intMode);
    } finally {
      this.#settleIfLost();
    }
  }

  async #executeOnReader(
    place: Extract<Place, { kind: 'reader' }>,
    statement: NormalStatement,
  ): Promise<ResultSet> {
    const { routes, intMode } = this.#options;
    if (routes.of(statement.sql) === 'read') {
      try {
        const result = runForClient(place.connection, statement, intMode);
        place.read = true;
        return result;
      } catch (error) {
        if (!isReadOnly(error)) throw error;
        routes.writes(statement.sql);
      }
    }
    await this.#moveToWriter();
    return runForClient(this.#connection(), statement, intMode);
  }

  /** Takes the lock, then makes sure that what was read is still so. */
  async #moveToWriter(): Promise<void> {
    const place = this.#here();
    if (place.kind === 'writer') return;
    await this.#takeLock();
    const moved = this.#place;
    this.#leaveReader(place.connection);
    const { engine, call } = this.#options;
    if (!place.read || engine.commitStamp() === place.stamp) return;
    if (moved?.kind === 'writer') moved.open.rollback();
    this.#place = undefined;
    throw new TransactionConflictError(call.label);
  }

  async #takeLock(): Promise<void> {
    const { engine, call, holdMsMax } = this.#options;
    this.#place = { kind: 'writer', open: await engine.begin(call, holdMsMax, this) };
  }

  #leaveReader(reader: Connection): void {
    const { engine } = this.#options;
    if (reader.inTransaction) reader.exec('ROLLBACK');
    engine.readers.giveBack(reader);
  }

  #connection(): Connection {
    const place = this.#here();
    return place.kind === 'writer' ? place.open.use() : place.connection;
  }

  #here(): Place {
    const place = this.#place;
    if (place?.kind === 'writer' && place.open.expired) place.open.use();
    if (place === undefined || this.closed) throw transactionClosed();
    return place;
  }

  /** Some errors, and a COMMIT sent as SQL, end the transaction: its lock is free then. */
  #settleIfLost(): void {
    const place = this.#place;
    if (place?.kind === 'writer' && place.open.lost && !place.open.over) place.open.rollback();
  }
}
