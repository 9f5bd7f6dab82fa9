import { newId, systemClock } from '../../../src/core/index.js';
import type { Claim, NewPromise } from '../../../src/promises/index.js';
import type { Engine, Subject } from './subject.js';

export interface Made {
  readonly id: string;
}

/** Held by a worker, under the token of its claim. */
export interface Held extends Claim {
  readonly token: string;
}

export const FAILURE = { code: 'run-failed', message: 'it did not work' };

export async function make(
  { aside, type, made }: Subject,
  promise: Partial<NewPromise> = {},
): Promise<Made> {
  const id = newId();
  await aside.store.enqueue([{ id, type, ...promise }]);
  made.add(id);
  return { id };
}

export const askOf = (type: string) => ({
  token: newId(),
  worker: 'w',
  limit: 5,
  leaseMs: 60_000,
  types: [type],
});

export async function claim(subject: Subject): Promise<Held> {
  // Of a type of its own: what others have left due is not taken in its place.
  const type = `${subject.type}-${newId()}`;
  await make(subject, { type });
  return claimOf(subject.aside, type);
}

export async function settled(subject: Subject): Promise<Made> {
  const { id, fence } = await claim(subject);
  await subject.aside.store.settle([{ id, fence, outcome: 'complete' }]);
  return { id };
}

export async function failed(subject: Subject): Promise<Made> {
  const { id, fence } = await claim(subject);
  const failure = { outcome: 'fail', error: FAILURE, retryable: true } as const;
  await subject.aside.store.settle([{ id, fence, ...failure }]);
  return { id };
}

/** A promise that waits for another. */
export async function child(subject: Subject): Promise<Made & { readonly parent: string }> {
  const { id: parent } = await make(subject);
  return { ...(await make(subject, { dependsOn: [parent] })), parent };
}

/** One whose parent is settled, of which nobody has told it: `due` when there is a mark to do so. */
export const released = (due: 'due' | 'forgotten') => async (subject: Subject) => {
  const { id, parent } = await child(subject);
  const sql = `UPDATE promises SET status = 'completed', settled_at = 1, release_due = ?2 WHERE id = ?1`;
  await subject.direct.write([{ sql, args: [parent, due === 'due' ? 1 : null] }]);
  // Retention may have what was settled so long ago.
  subject.made.delete(parent);
  return { id };
};

/** One that had to begin by now. */
export async function expired({ earlier, type }: Subject): Promise<Made> {
  const id = newId();
  const expiresAt = systemClock.now() - 1_000;
  await earlier.store.enqueue([{ id, type: `${type}-expired`, expiresAt }]);
  return { id };
}

/** One whose lease is over. */
export async function stalled({ earlier, type, made }: Subject): Promise<Made> {
  const id = newId();
  await earlier.store.enqueue([{ id, type: `${type}-${id}` }]);
  made.add(id);
  return claimOf(earlier, `${type}-${id}`);
}

/** One in whose line no claim looks. */
export async function orphaned(subject: Subject): Promise<Made> {
  const queue = newId();
  const orphan = await make(subject, { queue });
  await subject.direct.write([{ sql: 'DELETE FROM lines WHERE queue = ?1', args: [queue] }]);
  return orphan;
}

/** One that was settled long ago. */
export async function old({ earlier, type }: Subject): Promise<Made> {
  const id = newId();
  await earlier.store.enqueue([{ id, type: `${type}-${id}` }]);
  const { fence } = await claimOf(earlier, `${type}-${id}`);
  await earlier.store.settle([{ id, fence, outcome: 'complete' }]);
  return { id };
}

async function claimOf({ store }: Engine, type: string): Promise<Held> {
  const ask = askOf(type);
  const [claimed] = await store.claim(ask);
  if (claimed === undefined) throw new Error('nothing was due');
  return { ...claimed, token: ask.token };
}
