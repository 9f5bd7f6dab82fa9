/** What a process of a soak is told. */
export interface SoakOrders {
  readonly url: string;
  /** Databases that it opens, each a client of its own. */
  readonly clients: number;
  /** Between two calls of a client, in milliseconds. */
  readonly everyMs: number;
  /** One of them prunes. */
  readonly prunes: boolean;
}

/** What a process says of itself, every few seconds. */
export interface Sample {
  readonly at: number;
  readonly made: number;
  /** Acknowledged, and not there afterwards. */
  readonly lost: number;
  /** Errors by their code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly rssMib: number;
  readonly descriptors: number;
  /** Of the enqueues since the last sample, in milliseconds. */
  readonly p99Ms: number;
}

export const SAMPLE_EVERY_MS = 5_000;
/** Settled promises are kept this long: looked at long before. */
export const KEPT_MS = 60_000;
