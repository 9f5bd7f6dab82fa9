import type { Log } from '../core/index.js';
import type { Checkpoint } from './checkpoint.js';

/** What one label has done since the database was opened. */
export interface LabelTelemetry {
  readonly reads: number;
  readonly writes: number;
  readonly failures: number;
  /** Times the write lock was not free at once. */
  readonly lockWaits: number;
  readonly lockWaitMsTotal: number;
  readonly lockWaitMsMax: number;
  /** Times SQLite or the server answered BUSY. */
  readonly busy: number;
  /** Calls that passed their deadline. */
  readonly deadlinesPassed: number;
  readonly retries: number;
  readonly writeMsMax: number;
  readonly readMsMax: number;
  /** Counted by the server (R8); null on files. */
  readonly rowsRead: number | null;
  readonly rowsWritten: number | null;
}

/** A snapshot of the counters of one database. */
export interface Telemetry {
  readonly openedAt: number;
  readonly total: LabelTelemetry;
  readonly labels: Readonly<Record<string, LabelTelemetry>>;
  /** Who holds the write lock of this process now, and who waits. */
  readonly holder: { readonly label: string; readonly heldMs: number } | null;
  readonly waiting: number;
  readonly connectionsDiscarded: number;
  readonly transactionsExpired: number;
  readonly requests: number;
  readonly circuit: 'closed' | 'open' | 'half-open' | null;
  readonly checkpoints: number;
  readonly lastCheckpoint: Checkpoint | null;
}

/** What happens inside a database, for those who listen. */
export type DatabaseEvent =
  | {
      readonly kind: 'lock-waited';
      readonly label: string;
      readonly waitedMs: number;
      readonly heldBy: string;
    }
  | {
      readonly kind: 'deadline-passed';
      readonly label: string;
      readonly waitedMs: number;
      readonly heldBy: string;
    }
  | {
      readonly kind: 'retried';
      readonly label: string;
      readonly attempt: number;
      readonly reason: string;
    }
  | { readonly kind: 'connection-discarded'; readonly reason: string }
  | { readonly kind: 'transaction-expired'; readonly label: string; readonly heldMs: number }
  | { readonly kind: 'circuit-changed'; readonly state: 'closed' | 'open' | 'half-open' }
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'checkpoint-failed'; readonly error: unknown };

export type DatabaseListener = (event: DatabaseEvent) => void;

type Counts = { -readonly [K in keyof LabelTelemetry]: LabelTelemetry[K] };

/** More labels than this are counted together, so that a label made from data cannot fill the memory. */
const LABELS_MAX = 200;
const OTHER_LABELS = '(other)';

/** Counts what a database does. */
export class TelemetryRecorder {
  readonly #labels = new Map<string, Counts>();
  readonly #openedAt: number;
  readonly #listeners = new Set<DatabaseListener>();
  connectionsDiscarded = 0;
  transactionsExpired = 0;
  requests = 0;
  checkpoints = 0;
  lastCheckpoint: Checkpoint | null = null;

  readonly #log: Log;

  constructor(openedAt: number, log: Log) {
    this.#openedAt = openedAt;
    this.#log = log;
  }

  /** The mutable counters of one label. */
  of(label: string): Counts {
    const known = this.#labels.get(label);
    if (known !== undefined) return known;
    if (this.#labels.size >= LABELS_MAX && label !== OTHER_LABELS) return this.of(OTHER_LABELS);
    const fresh = noCounts();
    this.#labels.set(label, fresh);
    return fresh;
  }

  listen(listener: DatabaseListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells every listener; one that throws does not break the operation it heard about. */
  emit(event: DatabaseEvent): void {
    if (event.kind === 'connection-discarded') this.connectionsDiscarded += 1;
    if (event.kind === 'transaction-expired') this.transactionsExpired += 1;
    if (event.kind === 'checkpoint') {
      this.checkpoints += 1;
      this.lastCheckpoint = event.checkpoint;
    }
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#log.error('database-listener-failed', { event: event.kind, error });
      }
    }
  }

  snapshot(holder: Telemetry['holder'], waiting: number, circuit: Telemetry['circuit']): Telemetry {
    const total = noCounts();
    for (const counts of this.#labels.values()) add(total, counts);
    return {
      openedAt: this.#openedAt,
      total,
      labels: Object.fromEntries(
        [...this.#labels].map(([label, counts]) => [label, { ...counts }]),
      ),
      holder,
      waiting,
      connectionsDiscarded: this.connectionsDiscarded,
      transactionsExpired: this.transactionsExpired,
      requests: this.requests,
      circuit,
      checkpoints: this.checkpoints,
      lastCheckpoint: this.lastCheckpoint,
    };
  }
}

function noCounts(): Counts {
  return {
    reads: 0,
    writes: 0,
    failures: 0,
    lockWaits: 0,
    lockWaitMsTotal: 0,
    lockWaitMsMax: 0,
    busy: 0,
    deadlinesPassed: 0,
    retries: 0,
    writeMsMax: 0,
    readMsMax: 0,
    rowsRead: null,
    rowsWritten: null,
  };
}

const LARGEST = new Set<keyof Counts>(['lockWaitMsMax', 'writeMsMax', 'readMsMax']);

function add(total: Counts, counts: Counts): void {
  for (const name of Object.keys(counts) as (keyof Counts)[]) {
    const value = counts[name];
    if (value === null) continue;
    const sum = total[name] ?? 0;
    total[name] = LARGEST.has(name) ? Math.max(sum, value) : sum + value;
  }
}
