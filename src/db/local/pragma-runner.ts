import type { IntMode, ResultSet } from '@libsql/core/api';
import { ResultSetImpl } from '@libsql/core/util';
import type { NormalStatement } from '../drop-in/statement-forms.js';
import { type Pragma, parsePragma, routeOf, setsConnection, writesFile } from '../sql-route.js';
import { runForClient } from './client-values.js';
import type { Connection } from './connection.js';
import type { LocalEngine } from './engine.js';
import type { Call } from './lock-waits.js';

export interface PragmaRunnerOptions {
  readonly engine: LocalEngine;
  readonly intMode: IntMode;
  readonly deadlineMs: () => number;
  readonly setDeadlineMs: (ms: number) => void;
}

/** Runs what cannot run inside a transaction: settings, VACUUM, ATTACH, and BEGIN and its kin. */
export class PragmaRunner {
  readonly #options: PragmaRunnerOptions;

  constructor(options: PragmaRunnerOptions) {
    this.#options = options;
  }

  async run(statement: NormalStatement, call: Call): Promise<ResultSet> {
    const { sql } = statement;
    switch (routeOf(sql)) {
      case 'pragma': {
        const pragma = parsePragma(sql);
        return await (pragma === undefined
          ? this.#ask(statement, call)
          : this.#pragma(pragma, statement, call));
      }
      case 'attach':
        return await this.#everywhere(statement, call);
      default:
        return await this.#script(sql, call);
    }
  }

  async #pragma(pragma: Pragma, statement: NormalStatement, call: Call): Promise<ResultSet> {
    const { engine, intMode } = this.#options;
    if (pragma.name === 'busy_timeout') return this.#busyTimeout(pragma);
    if (pragma.name === 'wal_checkpoint') return await this.#checkpoint(statement, call);
    if (writesFile(pragma)) {
      return await engine.write(call, (connection) => runForClient(connection, statement, intMode));
    }
    return setsConnection(pragma)
      ? await this.#everywhere(statement, call)
      : await this.#ask(statement, call);
  }

  /** The native timeout stays 0 (F3): this is the deadline of our own waiting. */
  #busyTimeout({ value }: Pragma): ResultSet {
    if (value !== undefined)
      this.#options.setDeadlineMs(Math.max(0, Number.parseInt(value, 10) || 0));
    return oneRow({ timeout: this.#options.deadlineMs() });
  }

  /** Any mode is a round of ours: the others are not safe beside writers (F9). */
  async #checkpoint(statement: NormalStatement, call: Call): Promise<ResultSet> {
    const done = await this.#options.engine.checkpoint(call);
    if (done.outcome === 'skipped') return await this.#ask(statement, call);
    const { logFrames: log, checkpointedFrames: checkpointed } = done;
    return oneRow({ busy: done.busy ? 1 : 0, log, checkpointed });
  }

  /** Runs it on the writer, then on every reader there is and will be. */
  async #everywhere(statement: NormalStatement, call: Call): Promise<ResultSet> {
    const { engine, intMode } = this.#options;
    const result = await this.#ask(statement, call);
    const tell = (connection: Connection) => {
      runForClient(connection, statement, intMode);
    };
    if (!engine.single) engine.readers.prepareAll(tell);
    return result;
  }

  async #ask(statement: NormalStatement, call: Call): Promise<ResultSet> {
    const { engine, intMode } = this.#options;
    const bare = statement.args === undefined || Object.keys(statement.args).length === 0;
    return await engine.withWriter(call, async (step) => {
      // BUSY must meet `exec` first: a prepared statement would be poisoned by it (F4). Saying it twice is harmless.
      if (bare && routeOf(statement.sql) === 'pragma') {
        await step((connection) => connection.execScript(statement.sql));
      }
      return await step((connection) => runForClient(connection, statement, intMode));
    });
  }

  async #script(sql: string, call: Call): Promise<ResultSet> {
    return await this.#options.engine.withWriter(call, async (step) => {
      await step((connection) => connection.execScript(sql));
      const rowid = await step((connection) => connection.value('SELECT last_insert_rowid()'));
      return new ResultSetImpl([], [], [], 0, BigInt(Number(rowid)));
    });
  }
}

function oneRow(values: Readonly<Record<string, number>>): ResultSet {
  const row = { length: 0 };
  Object.defineProperty(row, 'length', { value: Object.keys(values).length, enumerable: false });
  Object.entries(values).forEach(([name, value], at) => {
    Object.defineProperty(row, at, { value });
    Object.defineProperty(row, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  });
  const names = Object.keys(values);
  return new ResultSetImpl(
    names,
    names.map(() => ''),
    [row],
    0,
    undefined,
  );
}
