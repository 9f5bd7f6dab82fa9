import { uuidv7 } from 'uuidv7';
import { expect, it } from 'vitest';
import { type PromiseRecord, Subscriptions } from '../../src/promises/index.js';
import {
  ask,
  claimOne,
  expectCountersRight,
  MINUTE,
  make,
  type Open,
  type StoreFixture,
} from '../promises/fixture.js';

const url = 'https://example.com/told';

async function callbacksOf({ store }: StoreFixture): Promise<readonly PromiseRecord[]> {
  const { promises } = await store.list({ type: 'callback', limit: 100 });
  return [...promises].reverse();
}

const told = async (fixture: StoreFixture) =>
  (await callbacksOf(fixture)).map(
    ({ payload }) => (payload as { event: { kind: string; promise: string } }).event,
  );

/** What is told of events, on every topology. */
export function callbacksContract(open: Open): void {
  it('a settled promise is told to its callback by a promise that is made in the same write', async () => {
    const fixture = await open();
    const { store } = fixture;
    const promise = make({ callbackUrl: url });
    await store.enqueue([promise, make()]);
    const claims = await store.claim(ask());
    expect(await callbacksOf(fixture)).toEqual([]);
    await store.settle(claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete' })));
    const [callback, ...more] = await callbacksOf(fixture);
    expect(more).toEqual([]);
    expect(callback).toMatchObject({
      queue: 'callbacks',
      status: 'pending',
      maxAttempts: 10,
      payload: {
        url,
        event: { kind: 'completed', promise: promise.id, queue: 'default', type: 'echo' },
      },
    });
    await expectCountersRight(fixture);
    const [held] = await store.claim(ask());
    expect(held?.id).toBe(callback?.id);
    await store.settle([{ id: held?.id ?? '', fence: 1, outcome: 'complete' }]);
    expect(await callbacksOf(fixture)).toHaveLength(1);
    await expectCountersRight(fixture);
  });

  it('whatever settles it: cancel, expiry, a failed parent, quarantine, and again after a retry', async () => {
    const fixture = await open();
    const { store, time } = fixture;
    const callbackUrl = url;
    const cancelled = make({ callbackUrl });
    const parent = make({ type: 'parent' });
    const child = make({ callbackUrl, type: 'child', dependsOn: [parent.id] });
    const late = make({ callbackUrl, type: 'late', expiresAt: time.now + MINUTE });
    await store.enqueue([cancelled, parent, late]);
    await store.enqueue([child]);
    await store.cancel(cancelled.id);
    await store.cancel(cancelled.id);
    await store.cancel(parent.id);
    time.now += 2 * MINUTE;
    await store.advance();
    await store.retry(cancelled.id, uuidv7());
    await store.cancel(cancelled.id);
    expect((await told(fixture)).map(({ kind, promise }) => [kind, promise])).toEqual([
      ['cancelled', cancelled.id],
      ['failed', child.id],
      ['cancelled', late.id],
      ['cancelled', cancelled.id],
    ]);
    await expectCountersRight(fixture);
  });

  it('a subscription is told of its kinds, types and queues, and of nobody else’s', async () => {
    const fixture = await open();
    const { store, database } = fixture;
    const subscriptions = new Subscriptions(database);
    const add = (over: object) =>
      subscriptions.create(
        { id: uuidv7(), tenant: '', url, kinds: ['completed', 'made'], ...over },
        'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      );
    await add({ queues: ['a'] });
    await add({ types: ['t'], kinds: ['completed'] });
    await add({ tenant: 'acme' });
    const paused = await add({});
    await subscriptions.pause(paused.id, 'gone');
    const [inA, inB] = [make({ queue: 'a' }), make({ queue: 'b', type: 't' })];
    await store.enqueue([inA, inB, make({ queue: '@acme/a' })]);
    for (const queue of ['a', 'b']) {
      const { id, fence } = await claimOne(store, { queues: [queue] });
      await store.settle([{ id, fence, outcome: 'complete' }]);
    }
    const events = await told(fixture);
    expect(events.map(({ kind, promise }) => [kind, promise]).slice(0, 1)).toEqual([
      ['made', inA.id],
    ]);
    const callbacks = await callbacksOf(fixture);
    expect(callbacks.map(({ queue }) => queue).sort()).toEqual([
      '@acme/callbacks',
      'callbacks',
      'callbacks',
      'callbacks',
    ]);
    expect(events.filter(({ kind }) => kind === 'completed').map(({ promise }) => promise)).toEqual(
      [inA.id, inB.id],
    );
    await expectCountersRight(fixture);
  });

  it('a set that is settled at once has a callback each, and one id each', async () => {
    const fixture = await open();
    const { store } = fixture;
    const set = Array.from({ length: 60 }, () => make({ callbackUrl: url }));
    await store.enqueue(set);
    const claims = await store.claim(ask({ limit: 60 }));
    await store.settle(claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete' })));
    const events = await told(fixture);
    expect(events.map(({ promise }) => promise).sort()).toEqual(set.map(({ id }) => id).sort());
    await expectCountersRight(fixture);
  });

  it('two secrets sign while one is rotated', async () => {
    const { database, time } = await open();
    const subscriptions = new Subscriptions(database, { clock: () => time.now });
    const { id } = await subscriptions.create(
      { id: uuidv7(), tenant: '', url, kinds: ['made'] },
      'a',
    );
    const next = { secret: 'b', keepMs: MINUTE };
    expect(await subscriptions.rotate('acme', id, next)).toBeUndefined();
    await subscriptions.rotate('', id, next);
    await subscriptions.rotate('', id, next);
    expect((await subscriptions.target(id))?.secrets).toEqual(['b', 'a']);
    time.now += 2 * MINUTE;
    expect((await subscriptions.target(id))?.secrets).toEqual(['b']);
    expect(await subscriptions.remove('', id)).toBe(true);
    expect(await subscriptions.target(id)).toBeUndefined();
  });
}
