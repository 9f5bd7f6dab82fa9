/** What a process says of itself, every few seconds. Counts are since its start. */
export interface Sample {
  /** Its clients have made their last call, and looked for all that they have made. */
  readonly isLast: boolean;
  /** Calls by what they did. */
  readonly calls: Readonly<Record<string, number>>;
  /** Promises made, and acknowledged. */
  readonly made: number;
  /** Of these, looked for afterwards while none may be gone. */
  readonly lookedFor: number;
  /** Looked for, and not there. */
  readonly lost: number;
  /** Runs whose promise was no longer theirs, by what was said of it. */
  readonly taken: Readonly<Record<string, number>>;
  /** Errors by what they say. */
  readonly errors: Readonly<Record<string, number>>;
  readonly rssMib: number;
  readonly descriptors: number;
  /** Of each enqueue since the last sample, in milliseconds. */
  readonly enqueueMs: readonly number[];
}

type Counts = Readonly<Record<string, number>>;

/** The counts of several processes together. */
export type Totals = Pick<Sample, 'calls' | 'made' | 'lookedFor' | 'lost' | 'taken' | 'errors'>;

/** @param samples the latest of each process */
export function totalsOf(samples: readonly Sample[]): Totals {
  const sum = (of: (sample: Sample) => number) => samples.reduce((all, one) => all + of(one), 0);
  return {
    calls: added(samples.map(({ calls }) => calls)),
    made: sum(({ made }) => made),
    lookedFor: sum(({ lookedFor }) => lookedFor),
    lost: sum(({ lost }) => lost),
    taken: added(samples.map(({ taken }) => taken)),
    errors: added(samples.map(({ errors }) => errors)),
  };
}

function added(counts: readonly Counts[]): Counts {
  const all: Record<string, number> = {};
  for (const [key, count] of counts.flatMap((one) => Object.entries(one))) {
    all[key] = (all[key] ?? 0) + count;
  }
  return all;
}
