import { Histogram, type HistogramFigures } from '../core/index.js';
import type { Claim } from './claimed.js';
import type { Enqueued } from './enqueue.js';
import { isOfLostWorker, type Recovered } from './recoveries.js';
import type { PreparedSettlement } from './settle.js';
import { isSettled, type SettledStatus } from './states.js';

const COUNTERS = [
  'enqueued',
  'claimed',
  'completed',
  'failed',
  'cancelled',
  'retried',
  'snoozed',
  'recovered',
  'quarantined',
] as const;

/** What this process has done for one line: a (queue, type). */
export interface LineTelemetry {
  readonly queue: string;
  readonly type: string;
  /** Made here, children of runs included; slots of schedules are not. */
  readonly enqueued: number;
  /** Attempts given to workers. */
  readonly claimed: number;
  /** How attempts ended: for good … */
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** … or to be run again: after a failure, or as the task asked. */
  readonly retried: number;
  readonly snoozed: number;
  /** Attempts whose worker was lost, found and mended here; and those of them that were one too many. */
  readonly recovered: number;
  readonly quarantined: number;
  /** From due to claimed. */
  readonly wait: HistogramFigures;
  /** From claimed to ended. */
  readonly run: HistogramFigures;
}

/** What happens to promises in this process, for those who listen. */
export type PromiseNews =
  | {
      readonly kind: 'promise-settled';
      readonly id: string;
      readonly queue: string;
      readonly type: string;
      readonly status: SettledStatus;
      readonly attempt: number;
    }
  | ({ readonly kind: 'recovered' } & Recovered);

export type PromiseNewsListener = (news: PromiseNews) => void;

type Line = Record<(typeof COUNTERS)[number], number> & {
  readonly queue: string;
  readonly type: string;
  readonly wait: Histogram;
  readonly run: Histogram;
};

/** More lines than this are counted together, so that names made from data cannot fill the memory. */
const LINES_MAX = 1_000;
const OTHER = '(other)';

/**
 * Counts what happens to promises in this process. Only numbers in memory, so that
 * promises do not wait for it; what the databases hold is in `QueueFigures`.
 */
export class PromiseTelemetry {
  readonly #lines = new Map<string, Map<string, Line>>();
  readonly #listeners = new Set<PromiseNewsListener>();
  #size = 0;
  /** Neighbours are mostly of one line. */
  #latest = newLine('', '');

  get lines(): LineTelemetry[] {
    return [...this.#lines.values()].flatMap((types) =>
      [...types.values()].map((line) => ({
        ...line,
        wait: line.wait.figures,
        run: line.run.figures,
      })),
    );
  }

  /** Calls `listener` with what happens; returns how to stop. What it throws is not heard. */
  listen(listener: PromiseNewsListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  enqueued(outcomes: readonly (Enqueued | undefined)[]): void {
    for (const outcome of outcomes) {
      if (outcome === undefined || outcome.deduplicated) continue;
      this.#of(outcome.promise.queue, outcome.promise.type).enqueued += 1;
    }
  }

  claimed(claims: readonly Claim[]): void {
    for (const { queue, type, waitedMs } of claims) {
      const line = this.#of(queue, type);
      line.claimed += 1;
      line.wait.add(waitedMs);
    }
  }

  /** One attempt has ended, `ranMs` after its claim. */
  ran(queue: string, type: string, ranMs: number): void {
    this.#of(queue, type).run.add(ranMs);
  }

  settled({ settlement, held, next, children }: PreparedSettlement, isApplied = false): void {
    if (!isApplied) return;
    const { queue, type, attempt, ranMs } = held;
    const line = this.#of(queue, type);
    if (ranMs !== undefined) line.run.add(ranMs);
    for (const child of children) this.#of(child.queue, child.input.type).enqueued += 1;
    if (!isSettled(next)) {
      line[settlement.outcome === 'fail' ? 'retried' : 'snoozed'] += 1;
      return;
    }
    line[next] += 1;
    if (this.#listeners.size === 0) return;
    this.#tell({ kind: 'promise-settled', id: settlement.id, queue, type, status: next, attempt });
  }

  recovered(promises: readonly Recovered[]): void {
    for (const promise of promises.filter(isOfLostWorker)) {
      const line = this.#of(promise.queue, promise.type);
      line.recovered += 1;
      if (promise.decision === 'quarantine') line.quarantined += 1;
      this.#tell({ kind: 'recovered', ...promise });
    }
  }

  #tell(news: PromiseNews): void {
    for (const listener of this.#listeners) {
      try {
        listener(news);
      } catch {
        // What it heard of has happened: there is nobody to tell but the listener itself.
      }
    }
  }

  #of(queue: string, type: string): Line {
    const latest = this.#latest;
    if (latest.queue === queue && latest.type === type) return latest;
    const line = this.#lines.get(queue)?.get(type) ?? this.#add(queue, type);
    this.#latest = line;
    return line;
  }

  #add(queue: string, type: string): Line {
    if (this.#size >= LINES_MAX && queue !== OTHER) {
      return this.#lines.get(OTHER)?.get(OTHER) ?? this.#add(OTHER, OTHER);
    }
    const types = this.#lines.get(queue) ?? new Map<string, Line>();
    const line = newLine(queue, type);
    this.#lines.set(queue, types.set(type, line));
    this.#size += 1;
    return line;
  }
}

function newLine(queue: string, type: string): Line {
  const counts = Object.fromEntries(COUNTERS.map((name) => [name, 0])) as Record<
    (typeof COUNTERS)[number],
    number
  >;
  return { queue, type, ...counts, wait: new Histogram(), run: new Histogram() };
}
