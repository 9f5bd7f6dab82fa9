import { Histogram, type HistogramFigures, LOG_CODES, type Log } from '../core/index.js';
import type { Checkpoint } from './checkpoint.js';
import type { DatabaseEvent, DatabaseListener } from './database-event.js';

/** What one label has done since the database was opened. */
export interface LabelTelemetry {
  readonly reads: number;
  readonly writes: number;
  readonly failures: number;
  /** Times the write lock was not free at once. */
  readonly lockWaits: number;
  readonly lockWaitMsMax: number;
  /** How long those waits were. */
  readonly lockWait: HistogramFigures;
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
  /** Size of the `-wal` file; null where there is none to see. */
  readonly walBytes: number | null;
}

/** What a database adds to its counters in a snapshot. */
export type TelemetryNow = Partial<Pick<Telemetry, 'holder' | 'waiting' | 'circuit' | 'walBytes'>>;

type Counts = {
  -readonly [K in keyof Omit<LabelTelemetry, 'lockWait'>]: LabelTelemetry[K];
} & { readonly lockWait: Histogram };

export interface RecorderOptions {
  /** Of the database, as lines of the log have it. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  readonly log: Log;
  /** A write that takes longer is told, in milliseconds. Default 1,000. */
  readonly slowWriteMs?: number | undefined;
}

const SLOW_WRITE_MS = 1_000;
/** More labels than this are counted together, so that a label made from data cannot fill the memory. */
const LABELS_MAX = 200;
const OTHER_LABELS = '(other)';

/** Counts what a database does, and tells of it. */
export class TelemetryRecorder {
  readonly #options: RecorderOptions;
  readonly #slowWriteMs: number;
  readonly #labels = new Map<string, Counts>();
  readonly #listeners = new Set<DatabaseListener>();
  connectionsDiscarded = 0;
  transactionsExpired = 0;
  requests = 0;
  checkpoints = 0;
  lastCheckpoint: Checkpoint | null = null;
  #longestWriteMs: number | null = null;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#slowWriteMs = options.slowWriteMs ?? SLOW_WRITE_MS;
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

  read(label: string, tookMs: number): void {
    const counts = this.of(label);
    counts.reads += 1;
    if (tookMs > counts.readMsMax) counts.readMsMax = tookMs;
  }

  wrote(label: string, tookMs: number): void {
    const counts = this.of(label);
    counts.writes += 1;
    if (tookMs > counts.writeMsMax) counts.writeMsMax = tookMs;
    if (tookMs > (this.#longestWriteMs ?? 0)) this.#longestWriteMs = tookMs;
    if (tookMs > this.#slowWriteMs) this.emit({ kind: 'slow-write', label, tookMs });
  }

  /** The longest write since this was last asked; null when there was none. */
  takeLongestWriteMs(): number | null {
    const longest = this.#longestWriteMs;
    this.#longestWriteMs = null;
    return longest;
  }

  waitedForLock(label: string, waitedMs: number, heldBy: string): void {
    const counts = this.of(label);
    counts.lockWaits += 1;
    counts.lockWait.add(waitedMs);
    if (waitedMs > counts.lockWaitMsMax) counts.lockWaitMsMax = waitedMs;
    this.emit({ kind: 'lock-wait', label, waitedMs, heldBy });
  }

  /** One answer BUSY. */
  busy(label: string, times: number, waitedMs: number): void {
    this.of(label).busy += 1;
    this.emit({ kind: 'busy', label, times, waitedMs });
  }

  deadlinePassed(label: string, waitedMs: number, heldBy: string): void {
    this.of(label).deadlinesPassed += 1;
    this.emit({ kind: 'deadline-passed', label, waitedMs, heldBy });
  }

  retried(label: string, attempt: number, reason: string): void {
    this.of(label).retries += 1;
    this.emit({ kind: 'retry', label, attempt, reason });
  }

  listen(listener: DatabaseListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Writes it to the log and tells every listener; one that throws does not break the operation it heard about. */
  emit(event: DatabaseEvent): void {
    if (event.kind === 'connection-discarded') this.connectionsDiscarded += 1;
    if (event.kind === 'transaction-expired') this.transactionsExpired += 1;
    if (event.kind === 'checkpoint') {
      this.checkpoints += 1;
      this.lastCheckpoint = event.checkpoint;
    }
    const { log, name } = this.#options;
    logEvent(log, name, event);
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        log.error('listener-failed', { database: name, event: event.kind, error });
      }
    }
  }

  snapshot(now: TelemetryNow = {}): Telemetry {
    const total = noCounts();
    for (const counts of this.#labels.values()) add(total, counts);
    return {
      openedAt: this.#options.openedAt,
      total: figuresOf(total),
      labels: Object.fromEntries(
        [...this.#labels].map(([label, counts]) => [label, figuresOf(counts)]),
      ),
      holder: now.holder ?? null,
      waiting: now.waiting ?? 0,
      connectionsDiscarded: this.connectionsDiscarded,
      transactionsExpired: this.transactionsExpired,
      requests: this.requests,
      circuit: now.circuit ?? null,
      checkpoints: this.checkpoints,
      lastCheckpoint: this.lastCheckpoint,
      walBytes: now.walBytes ?? null,
    };
  }
}

/** Under the event's own name, at its level. */
function logEvent(log: Log, database: string, event: DatabaseEvent): void {
  const { kind, ...fields } = event;
  const write = log[LOG_CODES[kind]] as (code: DatabaseEvent['kind'], fields: object) => void;
  write(kind, { database, ...fields });
}

function figuresOf(counts: Counts): LabelTelemetry {
  return { ...counts, lockWait: counts.lockWait.figures };
}

function noCounts(): Counts {
  return {
    reads: 0,
    writes: 0,
    failures: 0,
    lockWaits: 0,
    lockWaitMsMax: 0,
    lockWait: new Histogram(),
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
  const { lockWait, ...numbers } = counts;
  total.lockWait.addAll(lockWait.figures);
  for (const name of Object.keys(numbers) as (keyof typeof numbers)[]) {
    const value = counts[name];
    if (value === null) continue;
    const sum = total[name] ?? 0;
    total[name] = LARGEST.has(name) ? Math.max(sum, value) : sum + value;
  }
}
