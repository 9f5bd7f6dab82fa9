import type { Replicated } from '@libsql/core/api';
import type { Log } from '../../core/index.js';
import type { Call } from './lock-waits.js';
import type { ReplicaThread } from './replica-thread.js';

export interface ReplicaSyncOptions {
  readonly name: string;
  readonly thread: ReplicaThread;
  /** How often it syncs by itself, in milliseconds; 0 is never. */
  readonly everyMs: number;
  /** Reads see this client's own writes: the replica syncs before the first read after one. */
  readonly readYourWrites: boolean;
  readonly deadlineMs: number;
  readonly log: Log;
}

/** When a replica catches up with its server. */
export class ReplicaSync {
  readonly #options: ReplicaSyncOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Writes made, and how many of them the replica has seen. */
  #written = 0;
  #seen = 0;
  #started = false;
  #starting: Promise<void> | undefined;

  constructor(options: ReplicaSyncOptions) {
    this.#options = options;
    if (options.everyMs > 0) {
      this.#timer = setInterval(() => this.#syncQuietly(), options.everyMs);
      this.#timer.unref();
    }
  }

  wrote(): void {
    this.#written += 1;
  }

  async sync(call: Call): Promise<Replicated> {
    const written = this.#written;
    const replicated = await this.#options.thread.sync(call);
    this.#seen = Math.max(this.#seen, written);
    this.#started = true;
    return replicated;
  }

  /** To be awaited before each read of the replica: the first of all syncs it. */
  async beforeRead(call: Call): Promise<void> {
    if (!this.#started) {
      this.#starting ??= this.#start(call);
      await this.#starting;
    }
    if (this.#options.readYourWrites && this.#seen < this.#written) await this.sync(call);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** A server that is away at the start leaves what the replica holds from before. */
  async #start(call: Call): Promise<void> {
    try {
      await this.sync(call);
    } catch (error) {
      this.#options.log.warn('database-sync-failed', { database: this.#options.name, error });
    } finally {
      this.#starting = undefined;
    }
  }

  #syncQuietly(): void {
    const { deadlineMs, log, name } = this.#options;
    this.sync({ label: 'sync', deadlineMs }).catch((error: unknown) => {
      if (this.#timer !== undefined) log.warn('database-sync-failed', { database: name, error });
    });
  }
}
