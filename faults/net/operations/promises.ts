import { newId } from '../../../src/core/index.js';
import type { PromiseRecord, Settlement } from '../../../src/promises/index.js';
import { type Operation, type Operations, reads, writes } from './operation.js';
import {
  askOf,
  child,
  claim,
  expired,
  FAILURE,
  failed,
  type Held,
  type Made,
  make,
  old,
  orphaned,
  released,
  settled,
  stalled,
} from './prepared.js';
import { HOUR_MS, type Subject } from './subject.js';

/** Whether a promise has become what it should. */
const is =
  <T extends Made>(expected: (promise: PromiseRecord, before: T) => boolean) =>
  async ({ aside }: Subject, before: T): Promise<boolean> => {
    const promise = await aside.store.get(before.id);
    return promise !== undefined && expected(promise, before);
  };

const isPending = is(({ status }) => status === 'pending');

const areThere = async ({ aside }: Subject, ids: readonly string[]) =>
  (await aside.store.known(ids)).size === ids.length;

const enqueue = (count: number): Operation =>
  writes(
    async () => Array.from({ length: count }, () => newId()),
    async ({ store, type, made }, ids) => {
      await store.enqueue(ids.map((id) => ({ id, type })));
      for (const id of ids) made.add(id);
    },
    areThere,
  );

const take = (options: { readonly isLikely?: boolean }): Operation =>
  writes(
    async (subject) => {
      await make(subject);
      return askOf(subject.type);
    },
    ({ store }, ask) => store.claim(ask, options),
    async ({ aside }, { token }) => (await aside.store.reclaim(token)).length > 0,
  );

const settle = (
  how: (held: Pick<Held, 'id' | 'fence'>) => Settlement,
  expected: (promise: PromiseRecord) => boolean,
): Operation =>
  writes(claim, ({ store }, { id, fence }) => store.settle([how({ id, fence })]), is(expected));

const settleWithChild = writes(
  async (subject) => ({ held: await claim(subject), childId: newId() }),
  ({ store, type }, { held: { id, fence }, childId }) =>
    store.settle([{ id, fence, outcome: 'complete', children: [{ id: childId, type }] }]),
  (subject, { childId }) => areThere(subject, [childId]),
);

const isRunAgain = is(({ epoch }) => epoch === 1);

/** Of `PromiseStore`. */
export const PROMISE_OPERATIONS: Operations = {
  enqueue: enqueue(1),
  'enqueue, many': enqueue(50),
  get: reads(make, ({ store }, { id }) => store.get(id)),
  failures: reads(failed, ({ store }, { id }) => store.failures(id)),
  list: reads(make, ({ store, type }) => store.list({ type, limit: 10 })),
  explain: reads(make, ({ store }, { id }) => store.explain(id)),
  claim: take({}),
  'claim, likely': take({ isLikely: true }),
  advance: writes(
    expired,
    ({ store }) => store.advance(),
    is(({ status }) => status === 'cancelled'),
  ),
  'advance, a settled parent': writes(released('due'), ({ store }) => store.advance(), isPending),
  reclaim: reads(claim, ({ store }, { token }) => store.reclaim(token)),
  heartbeat: writes(
    claim,
    ({ store }, { id, fence }) => store.heartbeat([{ id, fence, leaseMs: HOUR_MS }]),
    is<Held>((promise, { leaseExpiresAt }) => {
      return promise.status === 'in_progress' && promise.leaseExpiresAt > leaseExpiresAt;
    }),
  ),
  settle: settle(
    (held) => ({ ...held, outcome: 'complete' }),
    ({ status }) => status === 'completed',
  ),
  'settle, with a child': settleWithChild,
  'settle, failed': settle(
    (held) => ({ ...held, outcome: 'fail', error: FAILURE }),
    ({ status, error }) => status === 'pending' && error?.code === FAILURE.code,
  ),
  'settle, snoozed': settle(
    (held) => ({ ...held, outcome: 'snooze', delayMs: 1_000 }),
    ({ status, error }) => status === 'pending' && error === null,
  ),
  cancel: writes(
    make,
    ({ store }, { id }) => store.cancel(id),
    is(({ status }) => status === 'cancelled'),
  ),
  retry: writes(settled, ({ store }, { id }) => store.retry(id, newId()), isRunAgain),
  retryAll: writes(settled, ({ store }, { id }) => store.retryAll([id], newId()), isRunAgain),
  change: writes(
    make,
    ({ store }, { id }) => store.change(id, { priority: 1 }),
    is(({ priority }) => priority === 1),
  ),
  recover: writes(
    stalled,
    ({ store }) => store.recover(),
    is(({ crashes }) => crashes === 1),
  ),
  'recover, a line': writes(
    orphaned,
    ({ store }) => store.recover(),
    async ({ direct }, { id }) => {
      const sql =
        'SELECT 1 FROM lines JOIN promises USING (queue) WHERE promises.id = ?1 AND lines.pending > 0';
      const [found] = await direct.read([{ sql, args: [id] }]);
      return found?.rows.length === 1;
    },
  ),
  recoverWaiting: writes(released('forgotten'), ({ store }) => store.recoverWaiting(), isPending),
  prune: writes(
    old,
    ({ store }) => store.prune({ settledBeforeMs: HOUR_MS }),
    async ({ aside }, { id }) => (await aside.store.get(id)) === undefined,
  ),
  figures: reads(make, ({ store }) => store.figures()),
  lineFigures: reads(make, ({ store }) => store.lineFigures(500)),
  known: reads(make, ({ store }, { id }) => store.known([id])),
  parents: reads(child, ({ store }, { id }) => store.parents(id)),
  nextWakeInMs: reads(make, ({ store, type }) => store.nextWakeInMs([type])),
  nextReadyInMs: reads(make, ({ store, type }) => store.nextReadyInMs([type])),
};
