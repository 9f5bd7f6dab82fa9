import { type Clock, type ProcessMemory, processMemory, systemClock } from '../core/index.js';
import type { Database, DatabaseEvent, Telemetry } from '../db/index.js';
import type { LineFigures, LineTelemetry, PromiseNews, PromiseStore } from '../promises/index.js';
import { Probe } from './probe.js';

/** The numbers of this process, as they are now. Only memory is looked at. */
export interface TelemetrySnapshot {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly databases: Readonly<Record<string, Telemetry>>;
  /** What this process has done, by queue and type. */
  readonly lines: readonly LineTelemetry[];
  /** Null where the platform does not tell, as on Workers. */
  readonly memory: ProcessMemory | null;
}

/** The same with what the `queue` database holds, whichever process put it there. */
export interface TelemetryReport extends TelemetrySnapshot {
  /** Null while the database does not answer. */
  readonly queues: readonly LineFigures[] | null;
}

/** What happens in this process, for those who listen. */
export type ServiceEvent = (DatabaseEvent & { readonly database: string }) | PromiseNews;

export type ServiceListener = (event: ServiceEvent) => void;

export interface ServiceTelemetryOptions {
  readonly databases: readonly Database[];
  readonly store: Pick<PromiseStore, 'telemetry' | 'lineFigures'>;
  readonly clock?: Clock;
}

/** The longest wait for the queue's figures. */
const FIGURES_MS = 2_000;

/** Tells what this process does, and what the queue holds. */
export class ServiceTelemetry {
  readonly #options: ServiceTelemetryOptions;
  readonly #clock: Clock;
  readonly #figures: Probe<LineFigures[]>;

  constructor(options: ServiceTelemetryOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const bounds = { clock: this.#clock, timeoutMs: FIGURES_MS };
    this.#figures = new Probe(() => options.store.lineFigures(FIGURES_MS), bounds);
  }

  snapshot(): TelemetrySnapshot {
    const { databases, store } = this.#options;
    return {
      at: this.#clock.now(),
      databases: Object.fromEntries(databases.map((one) => [one.name, one.telemetry()])),
      lines: store.telemetry.lines,
      memory: processMemory(),
    };
  }

  /** Always answers, within two seconds. */
  async report(): Promise<TelemetryReport> {
    const figures = await this.#figures.look();
    return { ...this.snapshot(), queues: figures.ok ? figures.value : null };
  }

  /** Calls `listener` with each event of the databases and the promises; returns how to stop. */
  listen(listener: ServiceListener): () => void {
    const { databases, store } = this.#options;
    const stops = [
      store.telemetry.listen(listener),
      ...databases.map((one) => one.listen((event) => listener({ ...event, database: one.name }))),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }
}
