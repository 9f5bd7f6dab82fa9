import type { SettledFacts } from '../../promises/index.js';

/** Durations of one kind, in milliseconds. */
export type Spread = { readonly p50: number; readonly p95: number; readonly max: number };

/** What became of the promises of one type in a period. */
export type TypeFigures = {
  readonly type: string;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Settled by a later attempt than the first. */
  readonly retried: number;
  /** From the latest attempt's beginning to the end; null when none began. */
  readonly runMs: Spread | null;
  /** From when it was due to the latest attempt's beginning. */
  readonly waitMs: Spread | null;
};

/** The figures of each type, the most frequent first. */
export function figuresByType(promises: readonly SettledFacts[]): TypeFigures[] {
  const types = new Map<string, SettledFacts[]>();
  for (const promise of promises) {
    const known = types.get(promise.type);
    if (known === undefined) types.set(promise.type, [promise]);
    else known.push(promise);
  }
  return [...types]
    .map(([type, settled]) => figuresOf(type, settled))
    .sort((a, b) => settledOf(b) - settledOf(a) || (a.type < b.type ? -1 : 1));
}

export function settledOf({ completed, failed, cancelled }: TypeFigures): number {
  return completed + failed + cancelled;
}

/** Failed of what was completed or failed, 0 to 1; null of nothing. */
export function failureShare({ completed, failed }: TypeFigures): number | null {
  return completed + failed === 0 ? null : failed / (completed + failed);
}

function figuresOf(type: string, settled: readonly SettledFacts[]): TypeFigures {
  const count = (status: SettledFacts['status']) =>
    settled.filter((one) => one.status === status).length;
  return {
    type,
    completed: count('completed'),
    failed: count('failed'),
    cancelled: count('cancelled'),
    retried: settled.filter(({ attempt }) => attempt > 1).length,
    runMs: spreadOf(settled, ({ settledAt, startedAt }) => startedAt && settledAt - startedAt),
    waitMs: spreadOf(settled, ({ startedAt, runAt }) => startedAt && startedAt - runAt),
  };
}

function spreadOf(
  settled: readonly SettledFacts[],
  durationOf: (one: SettledFacts) => number | null,
): Spread | null {
  const sorted = settled
    .flatMap((one) => durationOf(one) ?? [])
    .map((ms) => Math.max(ms, 0))
    .sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return sorted.length === 0 ? null : { p50: at(0.5), p95: at(0.95), max: at(1) };
}
