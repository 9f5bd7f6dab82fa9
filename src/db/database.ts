import type { Checkpoint } from './checkpoint.js';
import type { DatabaseListener } from './database-event.js';
import type { Capabilities, Verification } from './settings.js';
import type { ResultSet, Statement } from './statement.js';
import type { Telemetry } from './telemetry.js';
import type { Topology } from './topology.js';

/** Options of one call. */
export interface CallOptions {
  /** Names the operation in errors, telemetry and events, for example `promises.enqueue`. */
  readonly label?: string;
  /** The longest wait for the lock or the server, in milliseconds. Default 30,000; long analysis asks for 60,000. */
  readonly deadlineMs?: number;
  /** Ends the waiting; what already runs is finished first. */
  readonly signal?: AbortSignal;
}

export interface WriteOptions extends CallOptions {
  /**
   * True when sending the write twice has the effect of sending it once. Then an
   * answer lost after the commit is asked for again instead of being reported as
   * `commit-unknown`. Default false.
   */
  readonly idempotent?: boolean;
}

export interface TransactionOptions extends CallOptions {
  /** How long the transaction may go on while others wait, in milliseconds. Default 5,000. */
  readonly holdMsMax?: number;
  /** How often `run` may be called again after a conflict or after its time was over. Default 0. */
  readonly conflictRetries?: number;
}

/** Statements inside an open write transaction. Not usable after its callback has ended. */
export interface Transaction {
  execute(statement: Statement): Promise<ResultSet>;
}

/**
 * One named libSQL database, the same over every topology. Errors are
 * `HoldfastError`s with the `database-…` codes; see `docs/error-codes.md`.
 */
export interface Database {
  readonly name: string;
  readonly topology: Topology;
  readonly capabilities: Capabilities;

  /** Runs reads on one snapshot, never behind a writer. One result set a statement. */
  read(statements: readonly Statement[], options?: CallOptions): Promise<ResultSet[]>;

  /** Runs statements as one atomic, IMMEDIATE batch: all of them or none. One round trip on a server. */
  write(statements: readonly Statement[], options?: WriteOptions): Promise<ResultSet[]>;

  /** An interactive IMMEDIATE transaction: committed when `run` resolves, rolled back when it throws. */
  transaction<T>(run: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;

  /** One bounded checkpoint round (F9), or `managed` where the server does it. Waits its turn for the lock. */
  checkpoint(options?: CallOptions): Promise<Checkpoint>;

  /**
   * Gives up to so many empty pages of a file back, in one write: for files whose `auto_vacuum` is
   * incremental. Nothing happens elsewhere.
   */
  vacuum(pagesMax: number, options?: CallOptions): Promise<void>;

  /** Brings an embedded replica up to date; resolves at once elsewhere. */
  sync(): Promise<void>;

  /** What the settings really are now, next to what is wanted. */
  verify(): Promise<Verification>;

  telemetry(): Telemetry;

  /** Calls `listener` with each event; returns how to stop. */
  listen(listener: DatabaseListener): () => void;

  /**
   * Calls `listener` soon after another connection, here or in another process,
   * has committed (F12). Files only: elsewhere nothing is ever called. Returns
   * how to stop.
   */
  onForeignCommit(listener: () => void): () => void;

  close(): Promise<void>;
}
