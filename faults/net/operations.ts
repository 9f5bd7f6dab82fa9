import { newId } from '../../src/core/index.js';
import {
  type Claim,
  newSchedule,
  type PromiseStore,
  type Schedules,
} from '../../src/promises/index.js';

/** What an operation works with: each run has a line of its own. */
export interface Subject {
  readonly store: PromiseStore;
  readonly schedules: Schedules;
  /** The type of its promises. */
  readonly type: string;
  /** The same store past the fault: what an operation needs is made there. */
  readonly aside: PromiseStore;
  /** Promises that were acknowledged. */
  readonly made: Set<string>;
}

async function make({ aside, type, made }: Subject): Promise<string> {
  const id = newId();
  await aside.enqueue([{ id, type }]);
  made.add(id);
  return id;
}

const askOf = (type: string) => ({
  token: newId(),
  worker: 'w',
  limit: 5,
  leaseMs: 60_000,
  types: [type],
});

async function claim(subject: Subject): Promise<Claim> {
  await make(subject);
  const [claimed] = await subject.aside.claim(askOf(subject.type));
  if (claimed === undefined) throw new Error('nothing was due');
  return claimed;
}

async function settled(subject: Subject): Promise<string> {
  const { id, fence } = await claim(subject);
  await subject.aside.settle([{ id, fence, outcome: 'complete' }]);
  return id;
}

/** Prepares past the fault, and answers what is then done under it. */
type Operation = (subject: Subject) => Promise<() => Promise<unknown>>;

/** Every operation of the engine. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  enqueue:
    async ({ store, type, made }) =>
    async () => {
      const id = newId();
      await store.enqueue([{ id, type }]);
      made.add(id);
    },
  'enqueue of many':
    async ({ store, type, made }) =>
    async () => {
      const items = Array.from({ length: 50 }, () => ({ id: newId(), type }));
      await store.enqueue(items);
      for (const { id } of items) made.add(id);
    },
  get: async (subject) => {
    const id = await make(subject);
    return () => subject.store.get(id);
  },
  list:
    async ({ store, type }) =>
    () =>
      store.list({ type, limit: 10 }),
  explain: async (subject) => {
    const id = await make(subject);
    return () => subject.store.explain(id);
  },
  figures:
    async ({ store }) =>
    () =>
      store.figures(),
  'next wake':
    async ({ store, type }) =>
    () =>
      store.nextWakeInMs([type]),
  claim: async (subject) => {
    await make(subject);
    return () => subject.store.claim(askOf(subject.type));
  },
  reclaim:
    async ({ store }) =>
    () =>
      store.reclaim(newId()),
  heartbeat: async (subject) => {
    const { id, fence } = await claim(subject);
    return () => subject.store.heartbeat([{ id, fence }]);
  },
  settle: async (subject) => {
    const { id, fence } = await claim(subject);
    return () => subject.store.settle([{ id, fence, outcome: 'complete' }]);
  },
  cancel: async (subject) => {
    const id = await make(subject);
    return () => subject.store.cancel(id);
  },
  retry: async (subject) => {
    const id = await settled(subject);
    return () => subject.store.retry(id, newId());
  },
  change: async (subject) => {
    const id = await make(subject);
    return () => subject.store.change(id, { priority: 1 });
  },
  recover:
    async ({ store }) =>
    () =>
      store.recover(),
  prune: async (subject) => {
    await settled(subject);
    return () => subject.store.prune({ settledBeforeMs: 3_600_000 });
  },
  'set a queue':
    async ({ store, type }) =>
    () =>
      store.queues.set(type, { concurrency: 100 }),
  'make a schedule':
    async ({ schedules, type }) =>
    () =>
      schedules.create(
        newSchedule.parse({ name: `${type}-${newId()}`, every: '1h', promise: { type } }),
      ),
  'fire schedules':
    async ({ schedules }) =>
    () =>
      schedules.fireDue(),
};
