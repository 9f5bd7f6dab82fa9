/** Bounds of the engine. Sizes are UTF-16 units of JSON, the nearest that costs nothing to know. */
export const LIMITS = {
  /** Promises in one set. */
  setSizeMax: 1_000,
  /** Text in one set: libsql-server refuses a parameter of 5 MB (R12). */
  setLengthMax: 3_000_000,
  /** Payload text in one claim: an answer over 10 MB commits and is then refused (R12). */
  claimLengthMax: 3_000_000,
  /** A payload or result; larger ones are refused. */
  bodyLengthMax: 1_048_576,
  /** A payload or result up to this length stays in the promise's row (F22). */
  inlineLengthMax: 512,
  /** Rows that one write of recovery or retention touches. */
  sliceMax: 500,
  /** Rows that one page of a list looks at. */
  scanMax: 5_000,
} as const;

/** Leases, in milliseconds. */
export const LEASE_MS = { min: 1_000, max: 43_200_000, default: 30_000 } as const;

/** A promise that loses this many workers in one epoch is quarantined. */
export const CRASHES_MAX = 5;

/**
 * Cuts `items` into sets that libsql-server takes: at most `setSizeMax` items and
 * `setLengthMax` of text. An item longer than that stands alone.
 */
export function cutSets<T>(items: readonly T[], lengthOf: (item: T) => number): T[][] {
  const sets: T[][] = [];
  let set: T[] = [];
  let length = 0;
  for (const item of items) {
    const itemLength = lengthOf(item);
    const full = set.length >= LIMITS.setSizeMax || length + itemLength > LIMITS.setLengthMax;
    if (full && set.length > 0) {
      sets.push(set);
      set = [];
      length = 0;
    }
    set.push(item);
    length += itemLength;
  }
  if (set.length > 0) sets.push(set);
  return sets;
}
