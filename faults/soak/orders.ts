/** What a process of a soak is told. */
export interface SoakOrders {
  readonly url: string;
  /** Databases that it opens, each a client of its own. */
  readonly clients: number;
  /** Between two calls of a client, in milliseconds. */
  readonly everyMs: number;
  /** Some of them keep what was made, and fire schedules. */
  readonly keeps: boolean;
  /** One of them prunes. */
  readonly prunes: boolean;
  /** Between two samples, in milliseconds. */
  readonly sampleEveryMs: number;
  /** The size of a file's WAL at which a checkpoint begins. Default the engine's. */
  readonly walBytesMax?: number;
}

/** What a process says of itself, every few seconds. Counts are since its start. */
export interface Sample {
  /** Calls by what they did. */
  readonly calls: Readonly<Record<string, number>>;
  /** Promises made, and acknowledged. */
  readonly made: number;
  /** Of these, looked for afterwards while none may be gone. */
  readonly lookedFor: number;
  /** Looked for, and not there. */
  readonly lost: number;
  /** Runs that ended well. */
  readonly kept: number;
  /** Errors by what they say. */
  readonly errors: Readonly<Record<string, number>>;
  readonly rssMib: number;
  readonly descriptors: number;
  /** Of each enqueue since the last sample, in milliseconds. */
  readonly enqueueMs: readonly number[];
}

/** Settled promises are kept this long: looked at long before. */
export const KEPT_MS = 60_000;
export const SCHEDULE = 'soak-every-second';
