import { type Client, type ResultSet as ClientResultSet, createClient } from '@libsql/client/http';
import { type Checkpoint, noCheckpoint } from '../checkpoint.js';
import { translateError } from '../classify-error.js';
import type {
  CallOptions,
  Database,
  Transaction,
  TransactionOptions,
  WriteOptions,
} from '../database.js';
import type { DatabaseListener } from '../database-event.js';
import { closedError, WouldDeadlockError } from '../errors.js';
import { retryConflicts } from '../retry-conflicts.js';
import {
  type Capabilities,
  compareSettings,
  type DatabaseSettings,
  type Verification,
} from '../settings.js';
import type { ResultSet, Row, SqlValue, Statement } from '../statement.js';
import type { Telemetry, TelemetryRecorder } from '../telemetry.js';
import { bindRemote } from './bind.js';
import { OpenCallbacks } from './open-callbacks.js';
import { RemoteClientTransaction } from './remote-client-transaction.js';
import type { Attempt, ServerCall, ServerCalls } from './server-calls.js';
import { checkpointServer } from './server-checkpoint.js';
import { readServerSettings, SETTINGS_QUERIES } from './server-settings.js';
import type { ServerState } from './server-state.js';

export interface RemoteDatabaseOptions {
  readonly name: string;
  readonly url: string;
  readonly adminUrl?: string | undefined;
  readonly namespace: string;
  readonly settings: DatabaseSettings;
  readonly calls: ServerCalls;
  readonly server: ServerState;
  readonly recorder: TelemetryRecorder;
  readonly now: () => number;
}

const TRANSACTION_MS_MAX = 5_000;

/**
 * A database on libsql-server or Turso. Each call makes its own client: that
 * does no I/O, and on Workers nothing made in one invocation may be used in
 * another.
 */
export class RemoteDatabase implements Database {
  readonly topology = 'remote';
  readonly capabilities: Capabilities;
  readonly #options: RemoteDatabaseOptions;
  readonly #callbacks = new OpenCallbacks();
  #closed = false;

  constructor(options: RemoteDatabaseOptions) {
    this.#options = options;
    this.capabilities = {
      settings: 'managed',
      checkpoint: options.adminUrl === undefined ? 'managed' : 'admin-api',
      sync: false,
      foreignCommits: false,
      readsBesideWrites: true,
      staleReads: false,
      serverTransactionMsMax: TRANSACTION_MS_MAX,
      shared: true,
    };
  }

  get name(): string {
    return this.#options.name;
  }

  async read(statements: readonly Statement[], options?: CallOptions): Promise<ResultSet[]> {
    const batch = toBatch(statements);
    const call = this.#call('read', 'read', options);
    return await this.#run(call, async (client) =>
      (await client.batch(batch, 'read')).map(toResult),
    );
  }

  async write(statements: readonly Statement[], options?: WriteOptions): Promise<ResultSet[]> {
    const batch = toBatch(statements);
    const call = this.#call('write', 'write', options);
    if (this.#callbacks.within()) throw new WouldDeadlockError(call.label, 'transaction');
    return await this.#run(call, async (client) =>
      (await client.batch(batch, 'write')).map(toResult),
    );
  }

  async transaction<T>(
    run: (tx: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    const call = this.#call('transaction', 'write', options);
    if (this.#callbacks.within()) throw new WouldDeadlockError(call.label, 'transaction');
    return await retryConflicts(() => this.#attempt(run, call), {
      label: call.label,
      conflictRetries: options?.conflictRetries,
      recorder: this.#options.recorder,
    });
  }

  async checkpoint(options?: CallOptions): Promise<Checkpoint> {
    const { adminUrl, namespace, recorder, now, calls } = this.#options;
    if (adminUrl === undefined) return noCheckpoint('managed', now());
    const call = { ...this.#call('checkpoint', 'write', options), idempotent: true };
    const checkpoint = await calls.run(call, ({ fetch }) =>
      checkpointServer(adminUrl, namespace, fetch, now),
    );
    recorder.emit({ kind: 'checkpoint', checkpoint });
    return checkpoint;
  }

  /** The server does that by itself, or not at all (R1). */
  vacuum(): Promise<void> {
    return Promise.resolve();
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  async verify(): Promise<Verification> {
    const { settings } = this.#options;
    const results = await this.read(SETTINGS_QUERIES, { label: 'verify' });
    const { found, sqliteVersion } = readServerSettings(results, settings.busyDeadlineMs);
    return {
      ok: true,
      managedBy: 'server',
      settings: found,
      wanted: settings,
      deviations: compareSettings('remote', settings, found, sqliteVersion),
      sqliteVersion,
      walBytes: null,
    };
  }

  telemetry(): Telemetry {
    return this.#options.recorder.snapshot({ circuit: this.#options.server.breaker.state });
  }

  listen(listener: DatabaseListener): () => void {
    return this.#options.recorder.listen(listener);
  }

  onForeignCommit(): () => void {
    return () => {};
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  async #attempt<T>(run: (tx: Transaction) => Promise<T>, call: ServerCall): Promise<T> {
    const { calls } = this.#options;
    // Opening does no I/O; the BEGIN travels with the first statement, and waits there for its turn.
    const begin = () =>
      calls.run({ ...call, kind: 'read' }, (attempt) => this.#client(attempt).transaction('write'));
    const open = new RemoteClientTransaction(await begin(), begin, calls, call, () => {});
    const translating = async <R>(work: Promise<R>): Promise<R> => {
      try {
        return await work;
      } catch (error) {
        throw translateError(error, call.label);
      }
    };
    const execute = async ({ sql, args }: Statement): Promise<ResultSet> =>
      toResult(await translating(open.execute({ sql, args: bindRemote(args) })));
    try {
      const result = await this.#callbacks.run(() => run({ execute }));
      await translating(open.commit());
      return result;
    } finally {
      open.close();
    }
  }

  #run<T>(call: ServerCall, work: (client: Client) => Promise<T>): Promise<T> {
    return this.#options.calls.run(call, (attempt) => work(this.#client(attempt)));
  }

  #client({ fetch, authToken }: Attempt): Client {
    const { url } = this.#options;
    return createClient({ url, fetch, ...(authToken === undefined ? {} : { authToken }) });
  }

  #call(label: string, kind: ServerCall['kind'], options: WriteOptions | undefined): ServerCall {
    if (this.#closed) throw closedError(this.name);
    return {
      label: options?.label ?? label,
      deadlineMs: options?.deadlineMs ?? this.#options.settings.busyDeadlineMs,
      signal: options?.signal,
      kind,
      idempotent: options?.idempotent ?? false,
    };
  }
}

function toBatch(statements: readonly Statement[]) {
  return statements.map(({ sql, args }) => ({ sql, args: bindRemote(args) }));
}

function toResult({ columns, rows, rowsAffected }: ClientResultSet): ResultSet {
  return { columns, rowsAffected, rows: rows.map((row) => toRow(columns, row)) };
}

function toRow(columns: readonly string[], values: ClientResultSet['rows'][number]): Row {
  const row: Record<string, SqlValue> = {};
  columns.forEach((column, at) => {
    const value = values[at] ?? null;
    row[column] = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
  });
  return row;
}
