import { newId } from '../../../src/core/index.js';
import type { Settlement } from '../../../src/promises/index.js';
import {
  about,
  askOf,
  claim,
  make,
  type Operation,
  type Operations,
  plain,
  type Subject,
  settled,
} from './subject.js';

async function enqueue({ store, type, made }: Subject, count: number): Promise<void> {
  const items = Array.from({ length: count }, () => ({ id: newId(), type }));
  await store.enqueue(items);
  for (const { id } of items) made.add(id);
}

const settle = (how: (subject: Subject) => Omit<Settlement, 'id' | 'fence'>): Operation =>
  about(claim, (subject, { id, fence }) =>
    subject.store.settle([{ id, fence, ...how(subject) } as Settlement]),
  );

const FAILURE = { code: 'run-failed', message: 'it did not work' };

/** Of `PromiseStore`. */
export const PROMISE_OPERATIONS: Operations = {
  enqueue: plain((subject) => enqueue(subject, 1)),
  'enqueue, many': plain((subject) => enqueue(subject, 50)),
  get: about(make, ({ store }, id) => store.get(id)),
  failures: about(make, ({ store }, id) => store.failures(id)),
  list: plain(({ store, type }) => store.list({ type, limit: 10 })),
  explain: about(make, ({ store }, id) => store.explain(id)),
  claim: about(make, ({ store, type }) => store.claim(askOf(type))),
  'claim, likely': about(make, ({ store, type }) => store.claim(askOf(type), { isLikely: true })),
  advance: plain(({ store }) => store.advance()),
  reclaim: plain(({ store }) => store.reclaim(newId())),
  heartbeat: about(claim, ({ store }, { id, fence }) => store.heartbeat([{ id, fence }])),
  settle: settle(() => ({ outcome: 'complete' })),
  'settle, with a child': settle(({ type }) => ({
    outcome: 'complete',
    children: [{ id: newId(), type }],
  })),
  'settle, failed': settle(() => ({ outcome: 'fail', error: FAILURE, retryable: true })),
  'settle, snoozed': settle(() => ({ outcome: 'snooze', delayMs: 1_000 })),
  cancel: about(make, ({ store }, id) => store.cancel(id)),
  retry: about(settled, ({ store }, id) => store.retry(id, newId())),
  retryAll: about(settled, ({ store }, id) => store.retryAll([id], newId())),
  change: about(make, ({ store }, id) => store.change(id, { priority: 1 })),
  recover: plain(({ store }) => store.recover()),
  recoverWaiting: plain(({ store }) => store.recoverWaiting()),
  prune: about(settled, ({ store }) => store.prune({ settledBeforeMs: 3_600_000 })),
  figures: plain(({ store }) => store.figures()),
  lineFigures: plain(({ store }) => store.lineFigures(500)),
  known: about(make, ({ store }, id) => store.known([id])),
  parents: about(make, ({ store }, id) => store.parents(id)),
  nextWakeInMs: plain(({ store, type }) => store.nextWakeInMs([type])),
  nextReadyInMs: plain(({ store, type }) => store.nextReadyInMs([type])),
};

/** Of `Queues`. */
export const QUEUE_OPERATIONS: Operations = {
  get: plain(({ store, type }) => store.queues.get(type)),
  names: plain(({ store }) => store.queues.names({ after: null, limit: 10 })),
  set: plain(({ store, type }) => store.queues.set(type, { concurrency: 100 })),
  pauseType: plain(({ store, type }) => store.queues.pauseType(`${type}-other`, true)),
  pausedTypes: plain(({ store }) => store.queues.pausedTypes()),
};
