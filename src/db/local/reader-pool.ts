import { isBadConnection, isBusy } from '../classify-error.js';
import { closedError } from '../errors.js';
import type { DatabaseSettings } from '../settings.js';
import type { Connection, ConnectionTarget } from './connection.js';
import { openConnection } from './open-connection.js';

/** Idle readers kept; more are opened while read transactions hold them, and closed afterwards. */
const IDLE_MAX = 4;

/** What every connection has to be told: a setting, or an attached file. */
export type Preparation = (connection: Connection) => void;

export interface ReaderPoolOptions {
  readonly name: string;
  readonly target: ConnectionTarget;
  readonly settings: DatabaseSettings;
}

/**
 * The `query_only` connections of a file. They never wait for a writer. What a
 * caller set on one connection is set on all (F2).
 */
export class ReaderPool {
  readonly #options: ReaderPoolOptions;
  readonly #discard: (reader: Connection, reason: string) => void;
  readonly #idle: Connection[] = [];
  readonly #preparedTo = new WeakMap<Connection, number>();
  readonly #preparations: Preparation[] = [];
  #closed = false;

  constructor(options: ReaderPoolOptions, discard: (reader: Connection, reason: string) => void) {
    this.#options = options;
    this.#discard = discard;
  }

  /** Runs `work` with a reader; with `snapshot` all its statements see one state. */
  run<T>(snapshot: boolean, work: (connection: Connection) => T): T {
    const atomic = snapshot || this.#options.settings.journalMode !== 'wal';
    const reader = atomic ? this.begin() : this.borrow();
    try {
      const result = work(reader);
      if (atomic) reader.exec('COMMIT');
      this.giveBack(reader);
      return result;
    } catch (error) {
      this.giveBackAfter(reader, error);
      throw error;
    }
  }

  /** A reader with an open transaction, for `giveBack`. @throws BUSY, which has harmed nothing */
  begin(): Connection {
    const reader = this.borrow();
    // In journal mode DELETE the read lock itself can be BUSY, so it too is taken by exec (F17).
    const wal = this.#options.settings.journalMode === 'wal';
    try {
      reader.exec(wal ? 'BEGIN' : 'BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1');
      return reader;
    } catch (error) {
      if (reader.inTransaction) reader.exec('ROLLBACK');
      this.giveBack(reader);
      throw error;
    }
  }

  /** A reader that stays with its borrower until `giveBack`. */
  borrow(): Connection {
    if (this.#closed) throw closedError(this.#options.name);
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const reader = openConnection(this.#options.target, this.#options.settings, 'reader');
    this.prepare(reader);
    return reader;
  }

  /** Takes a reader back after an error; one that may be poisoned is replaced (F4). */
  giveBackAfter(reader: Connection, error: unknown): void {
    if (isBusy(error) || isBadConnection(error)) {
      this.#discard(reader, 'a read failed');
      return;
    }
    if (reader.inTransaction) reader.exec('ROLLBACK');
    this.giveBack(reader);
  }

  giveBack(reader: Connection): void {
    const stale = this.#closed || this.#preparedTo.get(reader) !== this.#preparations.length;
    if (stale || !reader.open || this.#idle.length >= IDLE_MAX) reader.close();
    else this.#idle.push(reader);
  }

  /** Brings a new connection to the state of the others. */
  prepare(connection: Connection): void {
    for (const prepare of this.#preparations) prepare(connection);
    this.#preparedTo.set(connection, this.#preparations.length);
  }

  /** Tells every idle reader, and each that is opened later; one that is lent out is closed when it returns. */
  prepareAll(prepare: Preparation): void {
    for (const reader of this.#idle) prepare(reader);
    this.#preparations.push(prepare);
    for (const reader of this.#idle) this.#preparedTo.set(reader, this.#preparations.length);
  }

  close(): void {
    this.#closed = true;
    for (const reader of this.#idle) reader.close();
    this.#idle.length = 0;
  }
}
