/** What a process of a soak is told first. The next word, whatever it is, lets it come to its end. */
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

/** Settled promises are kept this long: looked at long before. */
export const KEPT_MS = 60_000;
export const SCHEDULE = 'soak-every-second';
