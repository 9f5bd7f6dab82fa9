import { z } from 'zod';
import { formatDuration } from '../core/index.js';
import type { HealthReport } from './health-report.js';

/**
 * `idle`: there is nothing to do. `healthy`: work is being done. `busy`: there is much of it.
 * `attention`: somebody should look. `degraded`: a database cannot be read.
 */
export const HEALTH_STATES = ['idle', 'healthy', 'busy', 'attention', 'degraded'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

export const HEALTH_THRESHOLDS = {
  busyPromises: 100,
  readyAgeMs: 600_000,
  successRateMin: 0.9,
  walBytesMax: 67_108_864,
} as const;

/** From when on something is said. */
export const healthThresholds = z.strictObject({
  /** Promises pending or running: from so many on it is busy, at least 1. Default 100. */
  busyPromises: z.int().min(1).default(HEALTH_THRESHOLDS.busyPromises),
  /** Something due waits for longer than this, in milliseconds. Default 10 min. */
  readyAgeMs: z.int().min(0).default(HEALTH_THRESHOLDS.readyAgeMs),
  /** Less than this share is kept, 0 to 1; of 10 promises on. Default 0.9. */
  successRateMin: z.number().min(0).max(1).default(HEALTH_THRESHOLDS.successRateMin),
  /** A write-ahead log is longer, in bytes. Default 64 MiB. */
  walBytesMax: z.int().min(0).default(HEALTH_THRESHOLDS.walBytesMax),
});

export type HealthThresholds = z.output<typeof healthThresholds>;

/** What the figures mean. */
export interface HealthAssessment {
  readonly state: HealthState;
  /** What was seen, in words. */
  readonly observations: readonly string[];
  /** What to do about it. */
  readonly suggestions: readonly string[];
}

/** Below so many a share says nothing. */
const SETTLED_MIN = 10;
/** Ticks come once a minute, and a run may take one. */
const OVERDUE_MS = 900_000;

interface Concern {
  readonly seen: string;
  readonly advice: string;
}

/** Turns figures into a state. */
export function assessHealth(
  report: Omit<HealthReport, keyof HealthAssessment>,
  thresholds: HealthThresholds,
): HealthAssessment {
  if (report.status === 'degraded') {
    const advice =
      'See whether the database answers: `holdfast doctor` looks at it without changing it.';
    return { state: 'degraded', observations: report.reasons, suggestions: [advice] };
  }
  const concerns = [
    ...ofQueue(report, thresholds),
    ...ofDatabases(report, thresholds),
    ...ofMaintenance(report),
  ];
  const { pending = 0, in_progress: running = 0, waiting = 0 } = report.queue.byStatus ?? {};
  const work = `${pending} promises are pending, ${running} running, ${waiting} waiting.`;
  if (concerns.length > 0) {
    return {
      state: 'attention',
      observations: [...concerns.map(({ seen }) => seen), work],
      suggestions: concerns.map(({ advice }) => advice),
    };
  }
  const isBusy = pending + running >= thresholds.busyPromises;
  const isIdle = pending + running + waiting === 0;
  return {
    state: isBusy ? 'busy' : isIdle ? 'idle' : 'healthy',
    observations: [work],
    suggestions: [],
  };
}

type Figures = Parameters<typeof assessHealth>[0];

function ofQueue({ queue }: Figures, { readyAgeMs, successRateMin }: HealthThresholds): Concern[] {
  const { oldestReadyAgeMs: age, stalled, successRate, byStatus } = queue;
  const concerns: Concern[] = [];
  if (age !== null && age > readyAgeMs) {
    const seen = `A promise that is due has waited for ${formatDuration(age)}.`;
    const advice =
      'Start more workers or raise HOLDFAST_CONCURRENCY; a type that no worker has waits for ever.';
    concerns.push({ seen, advice });
  }
  if (stalled !== null && stalled > 0) {
    const seen = `${stalled} running promises have lost their worker.`;
    const advice = 'Recovery makes them due again within 5 minutes; see what ended their workers.';
    concerns.push({ seen, advice });
  }
  const settled = (byStatus?.completed ?? 0) + (byStatus?.failed ?? 0);
  if (successRate !== null && settled >= SETTLED_MIN && successRate < successRateMin) {
    const seen = `${(successRate * 100).toFixed(1)} % of ${settled} settled promises were kept.`;
    const advice = 'GET /v1/insights?kind=failing says which types fail, and why.';
    concerns.push({ seen, advice });
  }
  return concerns;
}

function ofDatabases({ databases }: Figures, { walBytesMax }: HealthThresholds): Concern[] {
  return databases.flatMap(({ name, walBytes, verified, deviations }) => {
    const concerns: Concern[] = [];
    if (walBytes !== null && walBytes > walBytesMax) {
      const seen = `The write-ahead log of ${name} is ${walBytes} bytes long.`;
      const advice = 'A long read keeps checkpoints from finishing: find it, and run checkpoint.';
      concerns.push({ seen, advice });
    }
    if (verified === false) {
      const seen = `Settings of ${name} are not in force: ${deviations.map((one) => String(one.setting)).join(', ')}.`;
      concerns.push({
        seen,
        advice: `GET /v1/databases shows what ${name} has, and what is wanted.`,
      });
    }
    return concerns;
  });
}

function ofMaintenance({ maintenance, checkedAt }: Figures): Concern[] {
  return maintenance.flatMap(({ task, lastRun, nextDueAt }) => {
    const concerns: Concern[] = [];
    if (lastRun?.outcome === 'failed') {
      const seen = `The last ${task} failed: ${lastRun.error.message}`;
      concerns.push({ seen, advice: `POST /v1/maintenance/${task} runs it now.` });
    }
    if (nextDueAt !== null && checkedAt - nextDueAt > OVERDUE_MS) {
      const seen = `${task} has been due for ${formatDuration(checkedAt - nextDueAt)}.`;
      const advice = 'See whether the cron trigger ticks every minute.';
      concerns.push({ seen, advice });
    }
    return concerns;
  });
}
