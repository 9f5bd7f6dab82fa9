import { z } from 'zod';
import { type QueueFigures, STATUSES } from '../promises/index.js';
import type { HealthSnapshot } from '../records/index.js';
import type { Looked } from './probe.js';

const figure = z.number().nullable();

/** The queue in figures. `stale`: as they were at `at`. Null: nothing is known. */
const queueHealth = z.object({
  byStatus: z.record(z.enum(STATUSES), z.number()).nullable(),
  /** How long the oldest due promise has been due; null when none is. */
  oldestReadyAgeMs: figure,
  /** Running promises whose lease is over, counted up to 1,000. */
  stalled: figure,
  /** completed / (completed + failed) of what retention has kept, 0 to 1; null when there is none. */
  successRate: figure,
  stale: z.boolean(),
  /** Milliseconds since the epoch. */
  at: figure,
});

export type QueueHealth = z.output<typeof queueHealth>;

export const NOTHING_KNOWN: QueueHealth = {
  byStatus: null,
  oldestReadyAgeMs: null,
  stalled: null,
  successRate: null,
  stale: true,
  at: null,
};

/** What was seen now, else what was seen last; undefined when nothing ever was. */
export function queueOfLook(look: Looked<QueueFigures>): QueueHealth | undefined {
  const seen = look.ok ? look : look.last;
  if (seen === undefined) return undefined;
  const { byStatus, oldestReadyAgeMs, stalled } = seen.value;
  const settled = byStatus.completed + byStatus.failed;
  return {
    byStatus: { ...byStatus },
    oldestReadyAgeMs,
    stalled,
    successRate: settled === 0 ? null : byStatus.completed / settled,
    stale: !look.ok,
    at: seen.at,
  };
}

/** What a kept report has; undefined when there is none, or an older release wrote it otherwise. */
export function queueOfSnapshot(snapshot: HealthSnapshot | undefined): QueueHealth | undefined {
  const parsed = z.object({ queue: queueHealth }).safeParse(snapshot?.report);
  return parsed.success ? { ...parsed.data.queue, stale: true } : undefined;
}
