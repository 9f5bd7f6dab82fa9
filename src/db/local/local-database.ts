import { heldLocks } from '#db/context';
import type { HoldfastError } from '../../core/index.js';
import type { Checkpoint } from '../checkpoint.js';
import { translateError } from '../classify-error.js';
import type {
  CallOptions,
  Database,
  Transaction,
  TransactionOptions,
  WriteOptions,
} from '../database.js';
import type { DatabaseListener } from '../database-event.js';
import { retryConflicts } from '../retry-conflicts.js';
import { type Capabilities, compareSettings, type Verification } from '../settings.js';
import type { ResultSet, Statement } from '../statement.js';
import type { Telemetry, TelemetryRecorder } from '../telemetry.js';
import { bindLocal } from './bind.js';
import type { Connection } from './connection.js';
import type { LocalEngine } from './engine.js';
import type { ForeignCommits } from './foreign-commits.js';
import type { Call } from './lock-waits.js';
import { readSettings } from './open-connection.js';
import { toResult } from './to-result.js';

export const FILE_CAPABILITIES: Capabilities = {
  settings: 'applied',
  checkpoint: 'local',
  sync: false,
  foreignCommits: true,
  readsBesideWrites: true,
  staleReads: false,
  serverTransactionMsMax: null,
  shared: true,
};

export const MEMORY_CAPABILITIES: Capabilities = {
  ...FILE_CAPABILITIES,
  checkpoint: 'none',
  foreignCommits: false,
  readsBesideWrites: false,
  shared: false,
};

export interface LocalDatabaseOptions {
  readonly name: string;
  readonly topology: 'file' | 'memory';
  readonly engine: LocalEngine;
  readonly recorder: TelemetryRecorder;
  readonly foreignCommits: ForeignCommits;
  readonly holdMsMax: number;
}

/** A database in a file, or in memory. */
export class LocalDatabase implements Database {
  readonly name: string;
  readonly topology: 'file' | 'memory';
  readonly capabilities: Capabilities;
  readonly #engine: LocalEngine;
  readonly #recorder: TelemetryRecorder;
  readonly #foreignCommits: ForeignCommits;
  readonly #holdMsMax: number;

  constructor(options: LocalDatabaseOptions) {
    this.name = options.name;
    this.topology = options.topology;
    this.capabilities = options.topology === 'file' ? FILE_CAPABILITIES : MEMORY_CAPABILITIES;
    this.#engine = options.engine;
    this.#recorder = options.recorder;
    this.#foreignCommits = options.foreignCommits;
    this.#holdMsMax = options.holdMsMax;
  }

  async read(statements: readonly Statement[], options?: CallOptions): Promise<ResultSet[]> {
    const call = this.#call('read', options);
    try {
      return await this.#engine.read(call, statements.length > 1, (connection) =>
        runAll(connection, statements),
      );
    } catch (error) {
      throw this.#failed(error, call);
    }
  }

  async write(statements: readonly Statement[], options?: WriteOptions): Promise<ResultSet[]> {
    const call = this.#call('write', options);
    try {
      return await this.#engine.write(call, (connection) => runAll(connection, statements));
    } catch (error) {
      throw this.#failed(error, call);
    }
  }

  async transaction<T>(
    run: (tx: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    const call = this.#call('transaction', options);
    return await retryConflicts(
      () => this.#attempt(run, call, options?.holdMsMax ?? this.#holdMsMax),
      {
        label: call.label,
        conflictRetries: options?.conflictRetries,
        recorder: this.#recorder,
      },
    );
  }

  checkpoint(options?: CallOptions): Promise<Checkpoint> {
    return this.#engine.checkpoint(this.#call('checkpoint', options));
  }

  async vacuum(pagesMax: number, options?: CallOptions): Promise<void> {
    // 0 would be all of them.
    const pages = Math.max(1, Math.trunc(pagesMax));
    const call = this.#call('vacuum', options);
    try {
      // By `exec`: a prepared one gives back a single page, and is never reset (F4).
      await this.#engine.write(call, (writer) =>
        writer.exec(`PRAGMA incremental_vacuum(${pages})`),
      );
    } catch (error) {
      throw this.#failed(error, call);
    }
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  async verify(): Promise<Verification> {
    const { settings } = this.#engine;
    const call = this.#call('verify', undefined);
    // Beside the writers, not behind them: a report on a busy database must not wait for it.
    const { found, version } = await this.#engine.waits.whenFree(call, () =>
      this.#engine.inspect((connection) => ({
        found: readSettings(connection, settings.busyDeadlineMs),
        version: String(connection.value('SELECT sqlite_version()')),
      })),
    );
    const deviations = compareSettings(this.topology, settings, found, version);
    return {
      ok: deviations.every(({ fault }) => !fault),
      managedBy: 'holdfast',
      settings: found,
      wanted: settings,
      deviations,
      sqliteVersion: version,
      walBytes: this.#engine.walBytes(),
    };
  }

  telemetry(): Telemetry {
    const { turn, waiting } = this.#engine.lane;
    const holder =
      turn === undefined ? null : { label: turn.label, heldMs: performance.now() - turn.since };
    return this.#recorder.snapshot({ holder, waiting, walBytes: this.#engine.walBytes() });
  }

  listen(listener: DatabaseListener): () => void {
    return this.#recorder.listen(listener);
  }

  onForeignCommit(listener: () => void): () => void {
    if (!this.capabilities.foreignCommits) return () => {};
    return this.#foreignCommits.listen(listener);
  }

  async close(): Promise<void> {
    this.#foreignCommits.stop();
    await this.#engine.close();
  }

  async #attempt<T>(
    run: (tx: Transaction) => Promise<T>,
    call: Call,
    holdMsMax: number,
  ): Promise<T> {
    const owner = {};
    const open = await this.#translating(call, () => this.#engine.begin(call, holdMsMax, owner));
    const tx: Transaction = {
      execute: (statement) =>
        this.#translating(call, () => Promise.resolve(runOne(open.use(), statement))),
    };
    try {
      // What `run` throws of its own leaves as it is.
      const result = await heldLocks.run(owner, () => run(tx));
      await this.#translating(call, () => open.commit());
      return result;
    } finally {
      open.rollback();
    }
  }

  async #translating<T>(call: Call, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#failed(error, call);
    }
  }

  #call(label: string, options: CallOptions | undefined): Call {
    return {
      label: options?.label ?? label,
      deadlineMs: options?.deadlineMs ?? this.#engine.settings.busyDeadlineMs,
      signal: options?.signal,
    };
  }

  #failed(error: unknown, call: Call): HoldfastError {
    this.#recorder.of(call.label).failures += 1;
    return translateError(error, call.label);
  }
}

function runAll(connection: Connection, statements: readonly Statement[]): ResultSet[] {
  return statements.map((statement) => runOne(connection, statement));
}

function runOne(connection: Connection, { sql, args }: Statement): ResultSet {
  return toResult(connection.run(sql, bindLocal(args)));
}
