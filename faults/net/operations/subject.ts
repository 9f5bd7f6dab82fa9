import { newId } from '../../../src/core/index.js';
import type { Claim, PromiseStore, Schedules } from '../../../src/promises/index.js';

/** What an operation works with: each fault has a line of its own. */
export interface Subject {
  readonly store: PromiseStore;
  readonly schedules: Schedules;
  /** The type of its promises. */
  readonly type: string;
  /** The same past the fault: what an operation needs is made there. */
  readonly aside: { readonly store: PromiseStore; readonly schedules: Schedules };
  /** Promises that were acknowledged. */
  readonly made: Set<string>;
}

/** Prepares past the fault, and answers what is then done under it. */
export type Operation = (subject: Subject) => Promise<() => Promise<unknown>>;

/** By the name of the method; what follows it after a comma is which way it is called. */
export type Operations = Readonly<Record<string, Operation>>;

/** What needs no preparation. */
export function plain(call: (subject: Subject) => Promise<unknown>): Operation {
  return async (subject) => () => call(subject);
}

/** What is done to a promise that `prepare` makes past the fault. */
export function about<T>(
  prepare: (subject: Subject) => Promise<T>,
  call: (subject: Subject, made: T) => Promise<unknown>,
): Operation {
  return async (subject) => {
    const made = await prepare(subject);
    return () => call(subject, made);
  };
}

export async function make({ aside, type, made }: Subject): Promise<string> {
  const id = newId();
  await aside.store.enqueue([{ id, type }]);
  made.add(id);
  return id;
}

export const askOf = (type: string) => ({
  token: newId(),
  worker: 'w',
  limit: 5,
  leaseMs: 60_000,
  types: [type],
});

export async function claim(subject: Subject): Promise<Claim> {
  await make(subject);
  const [claimed] = await subject.aside.store.claim(askOf(subject.type));
  if (claimed === undefined) throw new Error('nothing was due');
  return claimed;
}

export async function settled(subject: Subject): Promise<string> {
  const { id, fence } = await claim(subject);
  await subject.aside.store.settle([{ id, fence, outcome: 'complete' }]);
  return id;
}
