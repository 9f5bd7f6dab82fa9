import type { Database, SqlClock, Telemetry } from '../../db/index.js';
import { type QueueFigures, type SettledFacts, settledSample } from '../../promises/index.js';
import { HealthSnapshots, MaintenanceRuns, Messages } from '../../records/index.js';
import { figuresByType, type TypeFigures } from './type-figures.js';

/** Everything that is looked at, as JSON. Instants are milliseconds since the epoch. */
export type ReflectionContext = {
  readonly from: number;
  readonly to: number;
  /** True when more was settled than was read. */
  readonly isCut: boolean;
  readonly types: readonly TypeFigures[];
  /** The same of the period before, which is as long. */
  readonly typesBefore: readonly TypeFigures[];
  /** Why promises failed, the most frequent first. */
  readonly causes: readonly Cause[];
  readonly backlog: Backlog;
  readonly locks: readonly LockFigures[];
  readonly checkpoints: readonly CheckpointNote[];
  readonly messages: readonly {
    readonly status: string;
    readonly kind: string;
    readonly messages: number;
  }[];
  /** When health changed, oldest first, beginning with what it was at first. */
  readonly health: readonly { readonly at: number; readonly status: string }[];
};

export type Cause = {
  readonly type: string;
  readonly code: string;
  readonly count: number;
  readonly example: string;
};

type Backlog = {
  readonly byStatus: QueueFigures['byStatus'];
  readonly oldestReadyAgeMs: number | null;
  readonly stalled: number;
  readonly lines: readonly {
    readonly queue: string;
    readonly type: string;
    readonly pending: number;
  }[];
};

/** Of one database, since its process opened it. */
export type LockFigures = {
  readonly database: string;
  readonly writes: number;
  readonly lockWaits: number;
  readonly lockWaitMsMax: number;
  readonly busy: number;
  readonly deadlinesPassed: number;
  readonly writeMsMax: number;
};

type CheckpointNote = {
  readonly at: number;
  readonly outcome: string;
  readonly durationMs: number;
  readonly walBytesMax: number | null;
};

export interface GatherOptions {
  readonly periodMs: number;
  readonly figures: (queue: Database) => Promise<QueueFigures>;
  readonly locks: readonly LockFigures[];
  readonly clock?: SqlClock | undefined;
}

/** Each read may wait so long: this is analysis, and nobody waits for it. */
const DEADLINE_MS = 60_000;
const TYPES_MAX = 50;
const CAUSES_MAX = 20;
const LINES_MAX = 20;
const RUNS_MAX = 50;
const SNAPSHOTS_MAX = 100;

/** Reads what there is to think about: bounded rows, no transaction. */
export async function gather(
  { queue, system }: { readonly queue: Database; readonly system: Database },
  { periodMs, figures, locks, clock }: GatherOptions,
): Promise<ReflectionContext> {
  const stored = clock === undefined ? {} : { clock };
  const sampled = { periodMs: 2 * periodMs, deadlineMs: DEADLINE_MS };
  const [sample, backlog, runs, messages, snapshots] = await Promise.all([
    settledSample(queue, sampled, clock),
    figures(queue),
    new MaintenanceRuns(system, stored).list({ task: 'checkpoint', limit: RUNS_MAX }),
    new Messages(system, stored).counts(),
    new HealthSnapshots(system, stored).list({ limit: SNAPSHOTS_MAX }),
  ]);
  const to = sample.now;
  const from = to - periodMs;
  const now = sample.promises.filter(({ settledAt }) => settledAt >= from);
  const before = sample.promises.filter(({ settledAt }) => settledAt < from);
  return {
    from,
    to,
    isCut: sample.isCut,
    types: figuresByType(now).slice(0, TYPES_MAX),
    typesBefore: figuresByType(before).slice(0, TYPES_MAX),
    causes: causesOf(now),
    backlog: backlogOf(backlog),
    locks,
    checkpoints: runs.data
      .filter(({ finishedAt }) => finishedAt >= from)
      .map(({ finishedAt, outcome, durationMs, counts }) => ({
        at: finishedAt,
        outcome,
        durationMs,
        walBytesMax: walBytesOf(counts),
      })),
    messages,
    health: changesOf(
      snapshots.data
        .filter(({ takenAt }) => takenAt >= from)
        .map(({ takenAt, status }) => ({ at: takenAt, status })),
    ),
  };
}

export function lockFiguresOf(database: string, { total }: Telemetry): LockFigures {
  const { writes, lockWaits, lockWaitMsMax, busy, deadlinesPassed, writeMsMax } = total;
  return { database, writes, lockWaits, lockWaitMsMax, busy, deadlinesPassed, writeMsMax };
}

function causesOf(promises: readonly SettledFacts[]): Cause[] {
  const causes = new Map<string, { type: string; code: string; count: number; example: string }>();
  for (const { type, status, code, message } of promises) {
    if (status !== 'failed') continue;
    const key = `${type} ${code}`;
    const known = causes.get(key) ?? {
      type,
      code: code ?? 'unknown',
      count: 0,
      example: message ?? '',
    };
    known.count += 1;
    causes.set(key, known);
  }
  return [...causes.values()].sort((a, b) => b.count - a.count).slice(0, CAUSES_MAX);
}

function backlogOf({ byStatus, oldestReadyAgeMs, stalled, lines }: QueueFigures): Backlog {
  const longest = lines
    .map(({ queue, type, counts }) => ({ queue, type, pending: counts.pending }))
    .filter(({ pending }) => pending > 0)
    .sort((a, b) => b.pending - a.pending);
  return { byStatus, oldestReadyAgeMs, stalled, lines: longest.slice(0, LINES_MAX) };
}

function walBytesOf(counts: Readonly<Record<string, unknown>>): number | null {
  const bytes = Object.values(counts).flatMap((of) => {
    const { walBytes } = (of ?? {}) as { readonly walBytes?: unknown };
    return typeof walBytes === 'number' ? [walBytes] : [];
  });
  return bytes.length === 0 ? null : Math.max(...bytes);
}

/** Newest first in, changes alone out. */
function changesOf(seen: readonly { readonly at: number; readonly status: string }[]) {
  const oldestFirst = [...seen].reverse();
  return oldestFirst.filter(({ status }, index) => status !== oldestFirst[index - 1]?.status);
}
