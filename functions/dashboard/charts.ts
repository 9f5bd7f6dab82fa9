import { quantileMs } from '../../src/core/index.js';
import type { LinePoint, TelemetryHistoryPage, TelemetryPoint } from '../../src/records/index.js';

/** How far back the charts look. */
export const CHART_RANGES = {
  day: { title: 'a day', spanMs: 86_400_000 },
  month: { title: 'a month', spanMs: 31 * 86_400_000 },
  year: { title: 'a year', spanMs: 366 * 86_400_000 },
} as const;

export type ChartRange = keyof typeof CHART_RANGES;

export interface Chart {
  readonly id: string;
  readonly title: string;
  /** Beginnings of the steps, in seconds since the epoch. */
  readonly at: readonly number[];
  readonly series: readonly {
    readonly label: string;
    readonly values: readonly (number | null)[];
  }[];
}

type Values = Readonly<Record<string, (point: TelemetryPoint) => number | null>>;

/** What each chart shows of a step; counts by the minute, times in milliseconds. */
const charts = (
  stepMs: number,
): readonly (readonly [id: string, title: string, values: Values])[] => {
  const byMinute = (count: number) => (count * 60_000) / stepMs;
  const lines = (name: 'enqueued' | 'completed' | 'failed' | 'retried' | 'recovered') => {
    return (point: TelemetryPoint) => byMinute(sum(point.lines.map((line) => line[name])));
  };
  const databases = (name: 'reads' | 'writes' | 'busy') => (point: TelemetryPoint) =>
    byMinute(sum(Object.values(point.databases).map((one) => one[name])));
  return [
    [
      'chart-promises',
      'Promises by the minute',
      {
        made: lines('enqueued'),
        completed: lines('completed'),
        failed: lines('failed'),
        'tried again': lines('retried'),
        recovered: lines('recovered'),
      },
    ],
    [
      'chart-depth',
      'Pending',
      { pending: (point) => sum(point.lines.map((line) => line.depth ?? 0)) },
    ],
    [
      'chart-times',
      'Times that 95 % were within, ms',
      {
        'due to claimed': (point) => longest(point.lines, 'wait'),
        'claimed to ended': (point) => longest(point.lines, 'run'),
        'for the lock': (point) =>
          most(
            Object.values(point.databases).map(
              (one) => one.lockWait && quantileMs(one.lockWait, 0.95),
            ),
          ),
        'longest write': (point) =>
          most(Object.values(point.databases).map((one) => one.writeMsMax)),
      },
    ],
    [
      'chart-databases',
      'Operations of the databases by the minute',
      { reads: databases('reads'), writes: databases('writes'), busy: databases('busy') },
    ],
    [
      'chart-sizes',
      'Sizes, MB',
      {
        memory: (point) => megabytes(point.rssBytes),
        WAL: (point) => megabytes(most(Object.values(point.databases).map((one) => one.walBytes))),
      },
    ],
  ];
};

export function chartsOf({ stepMs, points }: TelemetryHistoryPage): Chart[] {
  const at = points.map((point) => Math.floor(point.at / 1_000));
  return charts(stepMs).map(([id, title, values]) => ({
    id,
    title,
    at,
    series: Object.entries(values).map(([label, of]) => ({ label, values: points.map(of) })),
  }));
}

function longest(lines: readonly LinePoint[], name: 'wait' | 'run'): number | null {
  return most(lines.map((line) => line[name] && quantileMs(line[name], 0.95)));
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function megabytes(bytes: number | null): number | null {
  return bytes === null ? null : bytes / 1_000_000;
}
