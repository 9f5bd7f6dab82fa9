/** Upper bounds of the classes that waits and runs are counted in, in milliseconds; what is longer has a class of its own. */
export const HISTOGRAM_BOUNDS_MS = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
  3_600_000,
] as const;

/** What a histogram has counted: one count a bound, then that of what is longer than all. */
export interface HistogramFigures {
  readonly counts: readonly number[];
  /** How many there were. */
  readonly count: number;
  /** Of all, in milliseconds. */
  readonly sumMs: number;
}

/** Durations by class: a plain array in memory, so that counting costs next to nothing. */
export class Histogram {
  readonly #counts: number[] = new Array(HISTOGRAM_BOUNDS_MS.length + 1).fill(0);
  #sumMs = 0;
  #count = 0;

  /** @param times how many took this long */
  add(ms: number, times = 1): void {
    let at = 0;
    while (ms > (HISTOGRAM_BOUNDS_MS[at] ?? Number.POSITIVE_INFINITY)) at += 1;
    (this.#counts[at] as number) += times;
    this.#sumMs += ms * times;
    this.#count += times;
  }

  /** Adds what another has counted. */
  addAll({ counts, count, sumMs }: HistogramFigures): void {
    for (const [at, value] of counts.entries()) {
      if (at < this.#counts.length) (this.#counts[at] as number) += value;
    }
    this.#sumMs += sumMs;
    this.#count += count;
  }

  get figures(): HistogramFigures {
    return { counts: [...this.#counts], count: this.#count, sumMs: this.#sumMs };
  }
}

/** What was counted between two looks; all of it when there was none before. */
export function histogramSince(
  now: HistogramFigures,
  before: HistogramFigures | undefined,
): HistogramFigures {
  return {
    counts: now.counts.map((count, at) => count - (before?.counts[at] ?? 0)),
    count: now.count - (before?.count ?? 0),
    sumMs: now.sumMs - (before?.sumMs ?? 0),
  };
}

/**
 * The bound that `share` (0 to 1) of all are within, in milliseconds; null when there are
 * none. What is longer than every bound counts as the longest.
 */
export function quantileMs({ counts, count }: HistogramFigures, share: number): number | null {
  if (count === 0) return null;
  let seen = 0;
  const at = counts.findIndex((value) => {
    seen += value;
    return seen >= share * count;
  });
  return HISTOGRAM_BOUNDS_MS[at] ?? HISTOGRAM_BOUNDS_MS[HISTOGRAM_BOUNDS_MS.length - 1] ?? null;
}
