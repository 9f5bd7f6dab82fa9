import type { PromiseRow, Snapshot } from '../snapshot.js';
import type { World } from '../world.js';

/** What an invariant looks at, after each write. */
export interface Look {
  readonly world: World;
  readonly now: Snapshot;
  /** As it was before the write. */
  readonly before: Snapshot;
}

/** Answers what is wrong, or nothing. */
export type Invariant = (look: Look) => string | undefined;

const SETTLED = new Set(['completed', 'failed', 'cancelled']);

export function isSettled({ status }: PromiseRow): boolean {
  return SETTLED.has(status);
}

/** Pending or running: admitted, as lanes call it. */
export function isAdmitted({ status }: PromiseRow): boolean {
  return status === 'pending' || status === 'in_progress';
}

/** Of each name how many. */
export function countBy<T>(items: Iterable<T>, nameOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    const name = nameOf(item);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
