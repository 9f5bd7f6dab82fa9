import { z } from 'zod';
import { Histogram, type HistogramFigures } from '../core/index.js';

const histogram = z
  .object({ counts: z.array(z.int()), count: z.int(), sumMs: z.number() })
  .nullable()
  .describe('null: nothing was counted');

const count = z.int();
const gauge = z.number().nullable();

/** What one database did in a step, all its labels together. Durations are milliseconds. */
const databasePoint = z.object({
  reads: count,
  writes: count,
  failures: count,
  busy: count,
  retries: count,
  deadlinesPassed: count,
  connectionsDiscarded: count,
  rowsRead: count.nullable().describe('null where no server tells'),
  rowsWritten: count.nullable(),
  lockWait: histogram,
  writeMsMax: gauge.describe('the longest write'),
  walBytes: gauge.describe('the largest seen'),
});

const linePoint = z.object({
  queue: z.string(),
  type: z.string(),
  enqueued: count,
  claimed: count,
  completed: count,
  failed: count,
  cancelled: count,
  retried: count,
  snoozed: count,
  recovered: count,
  quarantined: count,
  wait: histogram,
  run: histogram,
  depth: gauge.describe('the most pending seen'),
  oldestReadyAgeMs: gauge.describe('the longest that one was due'),
});

/** What happened in one step of time, in all processes together. */
export const telemetryPoint = z.object({
  databases: z.record(z.string(), databasePoint),
  lines: z.array(linePoint),
  rssBytes: gauge.describe('of the largest process'),
});

export type TelemetryPoint = z.output<typeof telemetryPoint>;
export type DatabasePoint = z.output<typeof databasePoint>;
export type LinePoint = z.output<typeof linePoint>;

/** What is not counted up but seen: the largest stays. */
const SEEN: ReadonlySet<string> = new Set(['writeMsMax', 'walBytes', 'depth', 'oldestReadyAgeMs']);

/** Several points as one: of several processes, or of a longer step. */
export function mergePoints(points: readonly TelemetryPoint[]): TelemetryPoint {
  const databases = new Map<string, DatabasePoint>();
  const lines = new Map<string, LinePoint>();
  let rssBytes: number | null = null;
  for (const point of points) {
    for (const [name, one] of Object.entries(point.databases)) {
      databases.set(name, merged(databases.get(name), one));
    }
    for (const one of point.lines) {
      const key = JSON.stringify([one.queue, one.type]);
      lines.set(key, merged(lines.get(key), one));
    }
    rssBytes = larger(rssBytes, point.rssBytes);
  }
  return { databases: Object.fromEntries(databases), lines: [...lines.values()], rssBytes };
}

function merged<T extends object>(before: T | undefined, next: T): T {
  if (before === undefined) return next;
  const both = Object.keys(next).map((name) => {
    const [own, other] = [before[name as keyof T], next[name as keyof T]];
    return [name, mergedValue(name, own, other)] as const;
  });
  return Object.fromEntries(both) as T;
}

function mergedValue(name: string, own: unknown, other: unknown): unknown {
  if (own === null || other === null) return own ?? other;
  if (typeof own === 'number' && typeof other === 'number') {
    return SEEN.has(name) ? Math.max(own, other) : own + other;
  }
  if (typeof own !== 'object') return own;
  const sum = new Histogram();
  sum.addAll(own as HistogramFigures);
  sum.addAll(other as HistogramFigures);
  return sum.figures;
}

function larger(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
