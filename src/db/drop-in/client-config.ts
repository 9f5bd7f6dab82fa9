import type { Client, Config, Transaction } from '@libsql/core/api';
import type { Clock, Log, Random } from '../../core/index.js';
import type { Checkpoint } from '../checkpoint.js';
import type { CallOptions, TransactionOptions } from '../database.js';
import type { DatabaseListener } from '../database-event.js';
import type { CheckpointPolicy } from '../open-options.js';
import type { AuthToken } from '../remote/auth-token.js';
import type { DatabaseSettings } from '../settings.js';
import type { Telemetry } from '../telemetry.js';

/** `@libsql/client`'s Config, and what only we know. */
export interface ClientConfig extends Omit<Config, 'authToken'> {
  /** The token, or where to get one. Asked again, once, after a 401. */
  readonly authToken?: AuthToken;
  /** Names the database in errors and events. Default: its URL. */
  readonly name?: string;
  /** Departures from the `client` profile, among them the rollback plan (files only). */
  readonly settings?: Partial<DatabaseSettings>;
  readonly checkpoints?: Partial<CheckpointPolicy>;
  /** Longest wait for a lock or a server, in milliseconds. Default 30,000; `timeout` is the same under their name. */
  readonly deadlineMs?: number;
  /** How long a transaction may go on while others wait, in milliseconds. Default 5,000. */
  readonly holdMsMax?: number;
  /** Longest single request to a server, in milliseconds. Default 15,000. */
  readonly requestTimeoutMs?: number;
  /** A write that takes longer is told as `slow-write`, in milliseconds. Default 1,000. */
  readonly slowWriteMs?: number;
  readonly log?: Log;
  readonly onEvent?: DatabaseListener;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface ClientTransactionOptions extends TransactionOptions {
  readonly mode?: 'write' | 'read' | 'deferred';
}

/** Their Client, with what the lock-proof layer adds. */
export interface HoldfastClient extends Client {
  /**
   * Runs `run` in a transaction: committed when it resolves, rolled back when it
   * throws, run again after a conflict when `conflictRetries` says so. A write of
   * this client inside `run`, outside its `tx`, fails at once instead of waiting
   * for itself.
   */
  withTransaction<T>(
    run: (tx: Transaction) => Promise<T>,
    options?: ClientTransactionOptions,
  ): Promise<T>;
  /** Moves the WAL into the file now (F9); `managed` where a server does it. */
  checkpoint(options?: CallOptions): Promise<Checkpoint>;
  telemetry(): Telemetry;
  listen(listener: DatabaseListener): () => void;
}

/** Rounds by time, when nobody else starts them. */
export const CLIENT_CHECKPOINT_MS = 900_000;
