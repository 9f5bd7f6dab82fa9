/**
 * The states of a promise. The list stands here, in the CHECK constraint of
 * `promises.status` (made from it), and as the diagram in `docs/state-machine.md`.
 */
export const STATUSES = [
  'waiting',
  'pending',
  'in_progress',
  'completed',
  'failed',
  'cancelled',
] as const;

export type Status = (typeof STATUSES)[number];

/** The states in which nothing more is owed. Only `retry` leaves them, and it opens a new epoch. */
export const SETTLED = ['completed', 'failed', 'cancelled'] as const;

export type SettledStatus = (typeof SETTLED)[number];

/** What a waiting promise waits for: its parents, room in its lane, or its turn in a strict lane. */
export const WAITS_FOR = ['parents', 'lane', 'turn'] as const;

export type WaitsFor = (typeof WAITS_FOR)[number];

/** What becomes of a promise when a parent of it fails or is cancelled. */
export const PARENT_FAILURE_POLICIES = ['fail', 'cancel', 'run'] as const;

/** How long a key stays taken: until retention, the claim, the settlement, or for a period. */
export const UNIQUE_SCOPES = ['always', 'pending', 'unsettled', 'period'] as const;

/** What can happen to a promise, and from which states to which. */
export const TRANSITIONS = {
  admit: { from: ['waiting'], to: ['pending'] },
  release: { from: ['waiting'], to: ['pending', 'waiting', 'failed', 'cancelled'] },
  claim: { from: ['pending'], to: ['in_progress'] },
  complete: { from: ['in_progress'], to: ['completed'] },
  fail: { from: ['in_progress'], to: ['pending', 'waiting', 'failed'] },
  snooze: { from: ['in_progress'], to: ['pending', 'waiting'] },
  recover: { from: ['in_progress'], to: ['pending', 'failed'] },
  cancel: { from: ['waiting', 'pending', 'in_progress'], to: ['cancelled'] },
  expire: { from: ['waiting', 'pending'], to: ['cancelled'] },
  retry: { from: SETTLED, to: ['pending', 'waiting'] },
} as const satisfies Record<string, { from: readonly Status[]; to: readonly Status[] }>;

export type Transition = keyof typeof TRANSITIONS;

export function isSettled(status: Status): status is SettledStatus {
  return (SETTLED as readonly Status[]).includes(status);
}

/** A SQL list of words, for `IN (…)`. Made of constants only. */
export function sqlList(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(', ');
}
