import {
  type InArgs,
  type InStatement,
  LibsqlError,
  type ResultSet,
  type Transaction,
} from '@libsql/core/api';
import type { ErrorCode } from '../../core/index.js';
import { classifyError } from '../classify-error.js';
import { normalStatement } from '../drop-in/statement-forms.js';
import { CommitUnknownError } from '../errors.js';
import type { ServerCall, ServerCalls } from './server-calls.js';

/** After these the server may hold no transaction any more. */
const ENDING: ReadonlySet<ErrorCode> = new Set([
  'cancelled',
  'commit-unknown',
  'database-auth',
  'database-rate-limited',
  'database-timeout',
  'database-unavailable',
  'transaction-expired',
]);

/**
 * Their Transaction over a server. Its first statement carries the BEGIN, so that
 * one may be sent again when the server was busy. Once the server has rolled it
 * back nothing more is sent: it would run outside any transaction (R3).
 */
export class RemoteClientTransaction implements Transaction {
  #tx: Transaction;
  readonly #begin: () => Promise<Transaction>;
  readonly #calls: ServerCalls;
  readonly #call: ServerCall;
  readonly #committed: () => void;
  /** The statement that carries the BEGIN, while it is under way: all else waits for its end. Never rejects. */
  #first: Promise<unknown> | undefined;
  #hasFirst = false;
  #isClosed = false;
  #dead = false;

  constructor(
    tx: Transaction,
    begin: () => Promise<Transaction>,
    calls: ServerCalls,
    call: ServerCall,
    committed: () => void,
  ) {
    this.#tx = tx;
    this.#begin = begin;
    this.#calls = calls;
    this.#call = call;
    this.#committed = committed;
  }

  get closed(): boolean {
    return this.#dead || this.#tx.closed;
  }

  execute(stmtOrSql: InStatement, args?: InArgs): Promise<ResultSet> {
    const { sql, args: given } = normalStatement(stmtOrSql, args);
    return this.#send((tx) => tx.execute({ sql, args: given ?? [] }));
  }

  batch(stmts: (InStatement | [string, InArgs?])[]): Promise<ResultSet[]> {
    const statements = stmts.map((statement) => {
      const { sql, args } = normalStatement(statement);
      return { sql, args: args ?? [] };
    });
    return this.#send((tx) => tx.batch(statements));
  }

  executeMultiple(sql: string): Promise<void> {
    return this.#send((tx) => tx.executeMultiple(sql));
  }

  /** Never sent twice: a second COMMIT would meet another transaction, or none. */
  async commit(): Promise<void> {
    if (this.#first !== undefined) await this.#first;
    this.#assertAlive();
    try {
      await this.#tx.commit();
      this.#committed();
    } catch (error) {
      this.#dead = true;
      if (classifyError(error).effect === 'unknown')
        throw new CommitUnknownError(this.#call.label, error);
      throw error;
    }
  }

  async rollback(): Promise<void> {
    if (this.#first !== undefined) await this.#first;
    if (this.#dead) return this.#tx.close();
    await this.#tx.rollback();
  }

  close(): void {
    this.#isClosed = true;
    this.#tx.close();
  }

  async #send<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    this.#assertAlive();
    try {
      if (!this.#hasFirst) return await this.#sendFirst(work);
      if (this.#first !== undefined) {
        await this.#first;
        this.#assertAlive();
      }
      return await work(this.#tx);
    } catch (error) {
      const { code, outage } = classifyError(error);
      if (outage || ENDING.has(code)) this.#dead = true;
      throw error;
    }
  }

  /** BUSY here means that BEGIN was refused: another stream may ask again, unless nobody wants it any more. */
  #sendFirst<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    this.#hasFirst = true;
    let again = false;
    const call = { ...this.#call, idempotent: false, extent: 'beginning' } as const;
    const sent = this.#calls.run(call, async () => {
      if (again && !this.#isClosed) this.#tx = await this.#begin();
      again = true;
      // Closed while it began.
      if (this.#isClosed) this.#tx.close();
      return await work(this.#tx);
    });
    const over = () => {
      this.#first = undefined;
    };
    this.#first = sent.then(over, over);
    return sent;
  }

  #assertAlive(): void {
    if (this.#dead) {
      throw new LibsqlError(
        'Cannot execute statements because the transaction is closed',
        'TRANSACTION_CLOSED',
      );
    }
  }
}
