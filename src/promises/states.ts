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

/** What can happen to a promise, and from which states to which. */
export const TRANSITIONS = {
  admit: { from: ['waiting'], to: ['pending'] },
  claim: { from: ['pending'], to: ['in_progress'] },
  complete: { from: ['in_progress'], to: ['completed'] },
  fail: { from: ['in_progress'], to: ['pending', 'failed'] },
  snooze: { from: ['in_progress'], to: ['pending'] },
  recover: { from: ['in_progress'], to: ['pending', 'failed'] },
  cancel: { from: ['waiting', 'pending', 'in_progress'], to: ['cancelled'] },
  retry: { from: SETTLED, to: ['pending'] },
} as const satisfies Record<string, { from: readonly Status[]; to: readonly Status[] }>;

export type Transition = keyof typeof TRANSITIONS;

export function isSettled(status: Status): status is SettledStatus {
  return (SETTLED as readonly Status[]).includes(status);
}

/** A SQL list of states, for `IN (…)`. Made of constants only. */
export function sqlList(statuses: readonly Status[]): string {
  return statuses.map((status) => `'${status}'`).join(', ');
}
