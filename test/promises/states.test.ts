import { readFileSync } from 'node:fs';
import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import {
  isSettled,
  PromiseStore,
  SETTLED,
  STATUSES,
  type Status,
  TRANSITIONS,
} from '../../src/promises/index.js';
import { openQueue } from '../support/queue.js';

const diagram = readFileSync(new URL('../../docs/state-machine.md', import.meta.url), 'utf8');

/** What each verb does to a promise in a state; true when it was allowed. `admit` has its own suite. */
const verbs: Record<string, (at: InState) => Promise<boolean>> = {
  claim: async ({ store }) =>
    (await store.claim({ token: uuidv7(), worker: 'w', limit: 1, leaseMs: 30_000 })).length === 1,
  complete: ({ store, id, fence }) => applied(store.settle([{ id, fence, outcome: 'complete' }])),
  fail: ({ store, id, fence }) =>
    applied(store.settle([{ id, fence, outcome: 'fail', error: { code: 'x', message: 'x' } }])),
  snooze: ({ store, id, fence }) =>
    applied(store.settle([{ id, fence, outcome: 'snooze', delayMs: 0 }])),
  recover: async ({ store }) => (await store.recover()).stalled === 1,
  release: (at) => changes(at, () => at.store.cancel(at.parent)),
  cancel: (at) => changes(at, () => at.store.cancel(at.id)),
  expire: (at) =>
    changes(at, () => {
      at.time.now += 60_000;
      return at.store.advance();
    }),
  retry: async ({ store, id }) => (await store.retry(id, uuidv7())) === 'retried',
};

async function changes({ store, id }: InState, act: () => Promise<unknown>) {
  const before = (await store.get(id))?.status;
  await act();
  return (await store.get(id))?.status !== before;
}

async function applied(outcomes: ReturnType<PromiseStore['settle']>) {
  return (await outcomes)[0]?.applied === true;
}

type InState = Awaited<ReturnType<typeof promiseIn>>;

/** A promise put into a state by the shortest way, its lease over. */
async function promiseIn(status: Status) {
  const database = await openQueue();
  const time = { now: 1_000_000 };
  const store = new PromiseStore(database, { clock: () => time.now, random: () => 0 });
  const [id, parent] = [uuidv7(), uuidv7()];
  if (status === 'waiting') await store.enqueue([{ id: parent, type: 'parent', delay: 60_000 }]);
  const waits = status === 'waiting' ? { dependsOn: [parent] } : {};
  await store.enqueue([{ id, type: 't', expiresAt: time.now + 30_000, ...waits }]);
  if (status === 'cancelled') await store.cancel(id);
  let fence = 0;
  if (status === 'in_progress' || status === 'completed' || status === 'failed') {
    const [claim] = await store.claim({ token: 'c', worker: 'w', limit: 1, leaseMs: 1_000 });
    fence = claim?.fence ?? -1;
  }
  if (status === 'completed') await store.settle([{ id, fence, outcome: 'complete', result: 1 }]);
  if (status === 'failed') {
    const error = { code: 'x', message: 'x' };
    await store.settle([{ id, fence, outcome: 'fail', retryable: false, error }]);
  }
  time.now += 1_000;
  return { database, store, id, parent, fence, time };
}

describe('states', () => {
  it('stand in the diagram of the documentation as they do in code', () => {
    const drawn = [...diagram.matchAll(/^\s+(\w+) --> (\w+): (\w+)$/gm)]
      .map(([, from, to, verb]) => `${from} ${verb} ${to}`)
      .filter((arrow) => !arrow.startsWith('[*]'));
    const coded = Object.entries(TRANSITIONS).flatMap(([verb, { from, to }]) =>
      from.flatMap((before) => to.map((after) => `${before} ${verb} ${after}`)),
    );
    expect(drawn.sort()).toEqual(coded.sort());
  });

  it('are the only ones that the database takes', async () => {
    const database = await openQueue();
    const store = new PromiseStore(database);
    const id = uuidv7();
    await store.enqueue([{ id, type: 't' }]);
    const set = (status: string) =>
      database.write([{ sql: 'UPDATE promises SET status = ?1', args: [status] }]);
    await expect(set('running')).rejects.toMatchObject({ code: 'constraint-violated' });
    await expect(set('completed')).rejects.toMatchObject({ code: 'constraint-violated' });
    expect((await store.get(id))?.status).toBe('pending');
  });

  it('are settled or not', () => {
    expect(STATUSES.filter(isSettled)).toEqual([...SETTLED]);
  });

  const pairs = STATUSES.flatMap((status) =>
    Object.keys(verbs).map((verb) => [verb, status] as const),
  );

  it.each(pairs)('%s from %s happens only where the table has it', async (verb, status) => {
    const at = await promiseIn(status);
    const { store, id } = at;
    const { from, to }: { from: readonly Status[]; to: readonly Status[] } =
      TRANSITIONS[verb as keyof typeof TRANSITIONS];
    const before = await store.get(id);
    expect(before?.status).toBe(status);
    // A settlement sent again gets its stored answer: that is no second transition.
    const isResend =
      (verb === 'complete' && status === 'completed') || (verb === 'fail' && status === 'failed');
    expect(await verbs[verb]?.(at)).toBe(from.includes(status) || isResend);
    const after = await store.get(id);
    if (from.includes(status)) expect(to).toContain(after?.status);
    else expect(after).toEqual(before);
  });
});
