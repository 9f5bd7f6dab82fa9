import type { Checkpoint } from '../checkpoint.js';
import { noCheckpoint } from '../checkpoint.js';
import { translateError } from '../classify-error.js';
import type {
  CallOptions,
  Database,
  Transaction,
  TransactionOptions,
  WriteOptions,
} from '../database.js';
import type { DatabaseListener } from '../database-event.js';
import type { Capabilities, Verification } from '../settings.js';
import type { ResultSet, Statement } from '../statement.js';
import type { Telemetry, TelemetryRecorder } from '../telemetry.js';
import { bindLocal } from './bind.js';
import type { Call } from './lock-waits.js';
import type { ReplicaSync } from './replica-sync.js';
import type { ReplicaThread } from './replica-thread.js';
import { toResult } from './to-result.js';

export interface ReplicaDatabaseOptions {
  readonly name: string;
  readonly thread: ReplicaThread;
  readonly sync: ReplicaSync;
  /** The server itself: every write goes there, never through the replica. */
  readonly primary: Database;
  readonly recorder: TelemetryRecorder;
  readonly deadlineMs: number;
  readonly now: () => number;
}

/**
 * An embedded replica: reads come from the file beside us, writes go to the
 * server. Leases are claimed on the server, never on a replica's read (R10).
 */
export class ReplicaDatabase implements Database {
  readonly topology = 'replica';
  readonly capabilities: Capabilities;
  readonly #options: ReplicaDatabaseOptions;

  constructor(options: ReplicaDatabaseOptions) {
    this.#options = options;
    this.capabilities = {
      settings: 'managed',
      checkpoint: options.primary.capabilities.checkpoint,
      sync: true,
      foreignCommits: false,
      readsBesideWrites: true,
      staleReads: true,
      serverTransactionMsMax: options.primary.capabilities.serverTransactionMsMax,
      shared: true,
    };
  }

  get name(): string {
    return this.#options.name;
  }

  async read(statements: readonly Statement[], options?: CallOptions): Promise<ResultSet[]> {
    const call = this.#call('read', options);
    const { recorder } = this.#options;
    const startedAt = performance.now();
    const bound = statements.map(({ sql, args }) => ({
      sql,
      args: bindLocal(args),
      integers: 'number' as const,
    }));
    try {
      await this.#options.sync.beforeRead(call);
      return (await this.#options.thread.read(bound, call)).map(toResult);
    } catch (error) {
      recorder.of(call.label).failures += 1;
      throw translateError(error, call.label);
    } finally {
      recorder.read(call.label, performance.now() - startedAt);
    }
  }

  async write(statements: readonly Statement[], options?: WriteOptions): Promise<ResultSet[]> {
    const results = await this.#options.primary.write(statements, options);
    this.#options.sync.wrote();
    return results;
  }

  async transaction<T>(
    run: (tx: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    const result = await this.#options.primary.transaction(run, options);
    this.#options.sync.wrote();
    return result;
  }

  checkpoint(options?: CallOptions): Promise<Checkpoint> {
    const { primary, now } = this.#options;
    if (this.capabilities.checkpoint !== 'admin-api') {
      return Promise.resolve(noCheckpoint('managed', now()));
    }
    return primary.checkpoint(options);
  }

  /** The server does that by itself, or not at all (R1). */
  vacuum(): Promise<void> {
    return Promise.resolve();
  }

  async sync(): Promise<void> {
    await this.#options.sync.sync(this.#call('sync', undefined));
  }

  async verify(): Promise<Verification> {
    return await this.#options.primary.verify();
  }

  telemetry(): Telemetry {
    return this.#options.primary.telemetry();
  }

  listen(listener: DatabaseListener): () => void {
    return this.#options.primary.listen(listener);
  }

  onForeignCommit(): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    this.#options.sync.stop();
    await this.#options.thread.close();
    await this.#options.primary.close();
  }

  #call(label: string, options: CallOptions | undefined): Call {
    return {
      label: options?.label ?? label,
      deadlineMs: options?.deadlineMs ?? this.#options.deadlineMs,
      signal: options?.signal,
    };
  }
}
