import type { Database } from '../../../src/db/index.js';
import type { PromiseStore, Schedules } from '../../../src/promises/index.js';

/** What an operation works with: each fault has a database of its own. */
export interface Subject extends Engine {
  /** The type of its promises. */
  readonly type: string;
  /** The same past the fault: what an operation needs is made there, and looked at. */
  readonly aside: Engine;
  /** The same by a clock that is `EARLIER_MS` slow: what it makes is old, due or over. */
  readonly earlier: Engine;
  /** The database past the fault, for what no engine leaves behind unless it dies. */
  readonly direct: Database;
  /** Promises that were acknowledged, and that nothing takes away. */
  readonly made: Set<string>;
}

export interface Engine {
  readonly store: PromiseStore;
  readonly schedules: Schedules;
}

export const HOUR_MS = 3_600_000;
export const EARLIER_MS = 1.5 * HOUR_MS;
