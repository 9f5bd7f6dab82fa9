import Binding from 'libsql';

/** How the binding opens a file. */
export interface ConnectionTarget {
  /** A path, `:memory:` or a `file:` URI of SQLite's. */
  readonly path: string;
  readonly encryptionKey?: string;
}

/** A value as the binding takes it. Numbers are bound as REAL, bigints as INTEGER. */
export type BoundValue = null | string | number | bigint | Buffer;
export type BoundArgs = BoundValue[] | Record<string, BoundValue>;

/** Rows as the binding gives them: one array a row, columns by position. */
export interface RawResult {
  readonly columns: readonly string[];
  /** As declared; `''` where there is none. */
  readonly columnTypes: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly rowsAffected: number;
  readonly lastInsertRowid: number | bigint | undefined;
  /** False for a statement that has no columns. */
  readonly returnsRows: boolean;
}

interface Prepared {
  readonly statement: Binding.Statement;
  readonly returnsRows: boolean;
  /** A `*` may name other columns after another process has changed the table: read again each time. */
  readonly columnsMayChange: boolean;
  /** EXPLAIN of a write counts as a statement in progress for ever, unless it is reset. */
  readonly explains: boolean;
  columns: Columns;
  integers: 'number' | 'bigint';
}

interface Columns {
  readonly names: readonly string[];
  readonly types: readonly string[];
}

const NO_COLUMNS: Columns = { names: [], types: [] };

const STATEMENTS_MAX = 200;
const EXPLAINS = /^[^a-z]*(?:--[^\n]*\n\s*|\/\*[\s\S]*?\*\/\s*)*explain\b/i;
/** A `*` that stands for columns, not one of `count(*)` or of a product; after a comment it may be either. */
const NAMES_ALL_COLUMNS = /(?:[.,/]|\b(?:select|distinct|all|returning)|--[^\n]*\n)\s*\*/i;
/** `data_version` is read after every commit: the statements must outlive that. */
const CHANGES_SCHEMA =
  /^\s*(?:create|alter|drop|attach|detach|vacuum|reindex|pragma(?!\s+data_version$))\b/i;

/**
 * One connection of the binding with its prepared statements. Nothing here
 * waits: BUSY goes to the caller, who must have taken the lock by `exec` before
 * a prepared statement runs (F4).
 */
export class Connection {
  readonly #binding: Binding.Database;
  readonly #statements = new Map<string, Prepared>();

  constructor(target: ConnectionTarget) {
    const { path, encryptionKey } = target;
    // The native timeout stays 0: a wait inside the binding would stop the event loop (F3).
    const options = { timeout: 0, ...(encryptionKey === undefined ? {} : { encryptionKey }) };
    this.#binding = new Binding(path, options);
  }

  get inTransaction(): boolean {
    return this.#binding.open && this.#binding.inTransaction;
  }

  get open(): boolean {
    return this.#binding.open;
  }

  /** Runs SQL without preparing it for reuse: the only way that a BUSY leaves no trace (F4). */
  exec(sql: string): void {
    this.#binding.exec(sql);
  }

  /** `exec` of a caller's SQL, which may change the schema or the settings. */
  execScript(sql: string): void {
    this.#statements.clear();
    this.#binding.exec(sql);
  }

  /** Runs one statement to its end. Always `.all()` or `.run()`, never `.iterate()` or `.get()` (F15). */
  run(sql: string, args: BoundArgs, integers: 'number' | 'bigint' = 'number'): RawResult {
    const prepared = this.#prepare(sql, integers);
    try {
      return this.#step(prepared, args);
    } catch (error) {
      // A statement that failed may not have been reset: it is never used again.
      this.#statements.delete(sql);
      throw error;
    }
  }

  /** One value of a one-row query; for PRAGMAs and the like. */
  value(sql: string): unknown {
    return this.run(sql, []).rows[0]?.[0];
  }

  close(): void {
    this.#statements.clear();
    if (this.#binding.open) this.#binding.close();
  }

  #step(prepared: Prepared, args: BoundArgs): RawResult {
    const { statement } = prepared;
    // The binding's types know positional arguments only; one object binds names. F13: always one argument.
    const bind = args as BoundValue[];
    if (!prepared.returnsRows) {
      const { changes, lastInsertRowid } = statement.run(bind);
      return {
        columns: NO_COLUMNS.names,
        columnTypes: NO_COLUMNS.types,
        rows: [],
        rowsAffected: changes,
        lastInsertRowid,
        returnsRows: false,
      };
    }
    const rows = (statement.all as (args: BoundValue[]) => unknown[][]).call(statement, bind);
    // The only call of the binding that resets a statement. Its answer is not used (F15).
    if (prepared.explains) statement.get(bind);
    // After the run: that is when SQLite has compiled the statement anew.
    if (prepared.columnsMayChange) prepared.columns = columnsOf(statement);
    const { names, types } = prepared.columns;
    return {
      columns: names,
      columnTypes: types,
      rows,
      rowsAffected: 0,
      lastInsertRowid: undefined,
      returnsRows: true,
    };
  }

  #prepare(sql: string, integers: 'number' | 'bigint'): Prepared {
    const known = this.#statements.get(sql);
    if (known !== undefined) {
      if (known.integers !== integers) {
        known.statement.safeIntegers(integers === 'bigint');
        known.integers = integers;
      }
      return known;
    }
    const statement = this.#binding.prepare(sql);
    const returnsRows = statement.reader;
    if (returnsRows) statement.raw(true);
    if (integers === 'bigint') statement.safeIntegers(true);
    const prepared: Prepared = {
      statement,
      returnsRows,
      columnsMayChange: NAMES_ALL_COLUMNS.test(sql),
      explains: returnsRows && EXPLAINS.test(sql),
      columns: returnsRows ? columnsOf(statement) : NO_COLUMNS,
      integers,
    };
    if (CHANGES_SCHEMA.test(sql)) this.#statements.clear();
    else this.#remember(sql, prepared);
    return prepared;
  }

  #remember(sql: string, prepared: Prepared): void {
    // Oldest first out: cheaper than moving an entry at each use, and 200 texts cover an application.
    if (this.#statements.size >= STATEMENTS_MAX) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    this.#statements.set(sql, prepared);
  }
}

function columnsOf(statement: Binding.Statement): Columns {
  const columns = statement.columns();
  return {
    names: columns.map((column) => column.name),
    types: columns.map((column) => column.type ?? ''),
  };
}
