import { HoldfastError, type Log, messageOf } from '../core/index.js';
import type { Database } from '../db/index.js';
import {
  outboxMigrations,
  type PromiseStore,
  type RelayReport,
  relayOutbox,
} from '../promises/index.js';

export interface OutboxRelayOptions {
  /** The application's own database. */
  readonly application: Database;
  readonly store: PromiseStore;
  readonly log: Log;
}

/** Makes the promises that an application has put into its outbox: in every tick, and on files as they come. */
export class OutboxRelay {
  readonly #options: OutboxRelayOptions;
  readonly #stopping = new AbortController();
  #isWanted = false;
  #underWay: Promise<void> | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: OutboxRelayOptions) {
    this.#options = options;
  }

  /** Empties the outbox. A database that is away is left to the next tick: undefined. */
  async relay(): Promise<RelayReport | undefined> {
    const { log } = this.#options;
    try {
      const report = await this.#relay();
      if (report.refused > 0) log.warn('outbox-refused', { promises: report.refused });
      return report;
    } catch (error) {
      log.error('outbox-not-relayed', { reason: messageOf(error) });
      return undefined;
    }
  }

  /** Relays as rows are committed, where the database tells: files do. */
  start(): void {
    this.#unsubscribe ??= this.#options.application.onForeignCommit(() => this.#relaySoon());
  }

  /** Resolves when the relay under way has ended. */
  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#stopping.abort();
    await this.#underWay;
  }

  /** One at a time, and one more for what was committed meanwhile. */
  #relaySoon(): void {
    this.#isWanted = true;
    this.#underWay ??= this.#relayWanted().finally(() => {
      this.#underWay = undefined;
    });
  }

  async #relayWanted(): Promise<void> {
    while (this.#isWanted && !this.#stopping.signal.aborted) {
      this.#isWanted = false;
      await this.relay();
    }
  }

  /** An application that has not written to its outbox yet may not have made it. */
  async #relay(): Promise<RelayReport> {
    const { application, store } = this.#options;
    try {
      return await relayOutbox(application, store, this.#stopping.signal);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'sql-invalid') throw error;
      const statements = outboxMigrations.map((sql) => ({ sql }));
      await application.write(statements, { label: 'outbox.migrate', idempotent: true });
      return relayOutbox(application, store, this.#stopping.signal);
    }
  }
}
