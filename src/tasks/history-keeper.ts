import {
  type HistogramFigures,
  histogramSince,
  type Log,
  newId,
  systemClock,
} from '../core/index.js';
import type { Telemetry, TelemetryRecorder } from '../db/index.js';
import type { LineTelemetry } from '../promises/index.js';
import type {
  DatabasePoint,
  LinePoint,
  TelemetryHistory,
  TelemetryPoint,
} from '../records/index.js';
import type { ServiceTelemetry, TelemetryReport, TelemetrySnapshot } from './service-telemetry.js';

/** Up to where a process has noted what it did; kept for as long as its counters are. */
export interface HistoryMark {
  noted: TelemetrySnapshot | undefined;
  notedAt: number;
  /** By the monotonic clock: somebody is about it. One that was cut off is not waited for. */
  busyUntil: number;
}

export function newHistoryMark(): HistoryMark {
  const now = systemClock.monotonic();
  return { noted: undefined, notedAt: now, busyUntil: now };
}

export interface HistoryKeeperOptions {
  readonly telemetry: Pick<ServiceTelemetry, 'report'>;
  readonly history: Pick<TelemetryHistory, 'add'>;
  readonly mark: HistoryMark;
  /** By the name of their database: the longest writes since the last note. */
  readonly recorders: Readonly<Record<string, Pick<TelemetryRecorder, 'takeLongestWriteMs'>>>;
  readonly log: Log;
}

/** A process that does more in a minute than this notes the busiest. */
const LINES_MAX = 50;
const EVERY_MS = 60_000;
const WRITE_MS = 5_000;

/** Notes, about once a minute, what this process did since the last time. */
export class HistoryKeeper {
  constructor(private readonly options: HistoryKeeperOptions) {}

  /** Never throws: what could not be noted now goes with the next note. */
  async keep(): Promise<void> {
    const { telemetry, history, mark, recorders, log } = this.options;
    const now = systemClock.monotonic();
    if (now < mark.busyUntil) return;
    mark.busyUntil = now + EVERY_MS;
    try {
      const report = await telemetry.report();
      const longest = Object.fromEntries(
        Object.entries(recorders).map(([name, one]) => [name, one.takeLongestWriteMs()]),
      );
      await history.add(newId(), pointBetween(mark.noted, report, longest), WRITE_MS);
      mark.noted = report;
      mark.notedAt = now;
    } catch (error) {
      log.warn('history-not-kept', { error });
    } finally {
      mark.busyUntil = now;
    }
  }

  /** The same where no tick comes by, once a minute has passed. */
  async keepIfDue(): Promise<void> {
    if (systemClock.monotonic() - this.options.mark.notedAt >= EVERY_MS) await this.keep();
  }
}

function pointBetween(
  before: TelemetrySnapshot | undefined,
  now: TelemetryReport,
  longestMs: Readonly<Record<string, number | null>>,
): TelemetryPoint {
  const databases = Object.entries(now.databases).map(([name, telemetry]) => {
    const writeMsMax = longestMs[name] ?? null;
    return [name, databasePoint(before?.databases[name], telemetry, writeMsMax)] as const;
  });
  return {
    databases: Object.fromEntries(databases),
    lines: linesBetween(before?.lines ?? [], now),
    rssBytes: now.memory?.rssBytes ?? null,
  };
}

function databasePoint(
  before: Telemetry | undefined,
  now: Telemetry,
  writeMsMax: number | null,
): DatabasePoint {
  const since = <
    K extends 'reads' | 'writes' | 'failures' | 'busy' | 'retries' | 'deadlinesPassed',
  >(
    name: K,
  ) => now.total[name] - (before?.total[name] ?? 0);
  const rows = (name: 'rowsRead' | 'rowsWritten') => {
    const own = now.total[name];
    return own === null ? null : own - (before?.total[name] ?? 0);
  };
  return {
    reads: since('reads'),
    writes: since('writes'),
    failures: since('failures'),
    busy: since('busy'),
    retries: since('retries'),
    deadlinesPassed: since('deadlinesPassed'),
    connectionsDiscarded: now.connectionsDiscarded - (before?.connectionsDiscarded ?? 0),
    rowsRead: rows('rowsRead'),
    rowsWritten: rows('rowsWritten'),
    lockWait: between(now.total.lockWait, before?.total.lockWait),
    writeMsMax,
    walBytes: now.walBytes,
  };
}

type Counted = Omit<LinePoint, 'depth' | 'oldestReadyAgeMs'>;

/** The busiest, with what the queue holds of them. */
function linesBetween(before: readonly LineTelemetry[], now: TelemetryReport): LinePoint[] {
  const known = new Map(before.map((line) => [keyOf(line), line]));
  const counted = new Map(
    now.lines.map((line) => [keyOf(line), lineSince(known.get(keyOf(line)), line)]),
  );
  const held = new Map((now.queues ?? []).map((line) => [keyOf(line), line]));
  const all = [...new Set([...counted.keys(), ...held.keys()])].flatMap((key): LinePoint[] => {
    const figures = held.get(key);
    const own = counted.get(key) ?? (figures && nothingOf(figures));
    if (own === undefined) return [];
    const depth = figures?.counts.pending ?? null;
    return [{ ...own, depth, oldestReadyAgeMs: figures?.oldestReadyAgeMs ?? null }];
  });
  return all
    .filter((line) => weightOf(line) > 0)
    .sort((a, b) => weightOf(b) - weightOf(a))
    .slice(0, LINES_MAX);
}

function lineSince(before: LineTelemetry | undefined, now: LineTelemetry): Counted {
  const { queue, type, wait, run, ...counts } = now;
  const since = Object.entries(counts).map(([name, value]) => {
    return [name, value - (before?.[name as keyof typeof counts] ?? 0)] as const;
  });
  return {
    queue,
    type,
    ...(Object.fromEntries(since) as typeof counts),
    wait: between(wait, before?.wait),
    run: between(run, before?.run),
  };
}

function nothingOf({ queue, type }: { readonly queue: string; readonly type: string }): Counted {
  const none = { enqueued: 0, claimed: 0, completed: 0, failed: 0, cancelled: 0 };
  const more = { retried: 0, snoozed: 0, recovered: 0, quarantined: 0 };
  return { queue, type, ...none, ...more, wait: null, run: null };
}

function between(
  now: HistogramFigures,
  before: HistogramFigures | undefined,
): DatabasePoint['lockWait'] {
  const since = histogramSince(now, before);
  return since.count === 0 ? null : { ...since, counts: [...since.counts] };
}

function weightOf({ enqueued, claimed, recovered, depth }: LinePoint): number {
  return enqueued + claimed + recovered + (depth ?? 0);
}

function keyOf({ queue, type }: { readonly queue: string; readonly type: string }): string {
  return JSON.stringify([queue, type]);
}
