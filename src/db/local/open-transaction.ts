import { type Clock, HoldfastError } from '../../core/index.js';
import { TransactionExpiredError } from '../errors.js';
import type { TelemetryRecorder } from '../telemetry.js';
import type { Connection } from './connection.js';
import type { Turn, WriterLane } from './writer-lane.js';

export interface OpenTransactionOptions {
  readonly connection: Connection;
  readonly label: string;
  readonly turn: Turn;
  readonly holdMsMax: number;
  /** What a callback that runs inside is marked with, so that it cannot wait for itself. */
  readonly owner: object;
  readonly lane: WriterLane;
  readonly clock: Clock;
  readonly recorder: TelemetryRecorder;
  readonly commit: () => Promise<void>;
  readonly rollback: (cause: unknown) => void;
  readonly ended: () => void;
}

/**
 * An interactive write transaction. It may go on for as long as nobody waits;
 * when somebody does, it is rolled back once it is older than its bound, so that
 * one forgotten `await` cannot stop every writer.
 */
export class OpenTransaction {
  readonly #options: OpenTransactionOptions;
  #timer: NodeJS.Timeout | undefined;
  #over: HoldfastError | true | undefined;

  constructor(options: OpenTransactionOptions) {
    this.#options = options;
  }

  get label(): string {
    return this.#options.label;
  }

  get owner(): object {
    return this.#options.owner;
  }

  /** True once it was committed, rolled back or expired. */
  get over(): boolean {
    return this.#over !== undefined;
  }

  /** True when its time was over. */
  get expired(): boolean {
    return this.#over instanceof HoldfastError;
  }

  /** True when SQLite itself has ended it, as some errors do. */
  get lost(): boolean {
    return this.over || !this.#options.connection.inTransaction;
  }

  /** The connection, for one statement. @throws TransactionExpiredError when its time is over */
  use(): Connection {
    if (this.#over instanceof HoldfastError) throw this.#over;
    if (this.#over === true) {
      throw new HoldfastError(
        'transaction-expired',
        `${this.label} has ended; it takes no more statements`,
      );
    }
    return this.#options.connection;
  }

  async commit(): Promise<void> {
    this.use();
    this.#disarm();
    try {
      await this.#options.commit();
    } finally {
      this.#end(true);
    }
  }

  /** Rolls back. Does nothing once the transaction is over. */
  rollback(): void {
    if (this.over) return;
    this.#options.rollback(undefined);
    this.#end(true);
  }

  /** Starts the bound: called when somebody begins to wait. */
  othersWait(): void {
    if (this.over || this.#timer !== undefined) return;
    const { clock, turn, holdMsMax } = this.#options;
    const left = Math.max(0, holdMsMax - (clock.monotonic() - turn.since));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#options.lane.waiting > 0) this.expire();
    }, left);
  }

  /** Ends it because its time is over. */
  expire(): void {
    if (this.over) return;
    const { clock, turn, lane, recorder, label } = this.#options;
    const heldMs = clock.monotonic() - turn.since;
    recorder.emit({ kind: 'transaction-expired', label, heldMs });
    this.#options.rollback(undefined);
    this.#end(new TransactionExpiredError(label, heldMs, lane.waiting));
  }

  /** Its database is being closed: no more statements, and no release to wait for. */
  abandon(): void {
    if (this.over) return;
    this.#options.rollback(undefined);
    this.#end(true);
  }

  #end(over: HoldfastError | true): void {
    this.#over = over;
    this.#disarm();
    this.#options.ended();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
