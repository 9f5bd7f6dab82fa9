import { uuidv7 } from 'uuidv7';
import { expect, it } from 'vitest';
import { EventLog, type PromiseEvent } from '../../src/promises/index.js';
import { ask, claimOne, MINUTE, make, type Open, type StoreFixture } from '../promises/fixture.js';

const logOf = ({ database, time }: StoreFixture) =>
  new EventLog(database, { clock: () => time.now });

const kindsOf = (events: readonly PromiseEvent[]) => events.map(({ kind }) => kind);

/** What the log of events keeps, on every topology. */
export function eventLogContract(open: Open): void {
  it('has what happened to a promise, in order, and finds it by its id', async () => {
    const fixture = await open();
    const { store } = fixture;
    const [one, other] = [make({ queue: 'q' }), make()];
    await store.enqueue([one]);
    await store.enqueue([other]);
    const { fence } = await claimOne(store, { queues: ['q'] });
    await store.settle([
      { id: one.id, fence, outcome: 'fail', error: { code: 'x', message: 'y' }, delayMs: 0 },
    ]);
    const again = await claimOne(store, { queues: ['q'] });
    await store.settle([{ id: one.id, fence: again.fence, outcome: 'snooze', delayMs: 0 }]);
    const last = await claimOne(store, { queues: ['q'] });
    await store.settle([{ id: one.id, fence: last.fence, outcome: 'complete', result: 1 }]);
    await store.retry(one.id, uuidv7());
    await store.change(one.id, { priority: 1 });
    await store.cancel(one.id, 'enough');
    const { events } = await logOf(fixture).readOf(one.id, { limit: 100 });
    expect(kindsOf(events)).toEqual([
      'made',
      'claimed',
      'retrying',
      'claimed',
      'snoozed',
      'claimed',
      'completed',
      'retried',
      'changed',
      'cancelled',
    ]);
    expect(events[0]).toMatchObject({
      promiseId: one.id,
      queue: 'q',
      type: 'echo',
      at: fixture.time.now,
    });
    expect(events[1]).toMatchObject({ worker: 'w1' });
    expect(events[2]).toMatchObject({ error: { code: 'x', message: 'y' } });
    expect(events[9]).toMatchObject({ error: { code: 'cancelled', message: 'enough' } });
    const rest = await logOf(fixture).readOf(one.id, { limit: 100, after: events[6]?.id });
    expect(kindsOf(rest.events)).toEqual(['retried', 'changed', 'cancelled']);
  });

  it('has one row for a set, and each of its promises in it', async () => {
    const fixture = await open();
    // All of a few seconds: a claim has a row for each such span of ids.
    const set = Array.from({ length: 300 }, (_, at) =>
      make({ id: `01900000-0000-7000-8000-${String(at).padStart(12, '0')}` }),
    );
    await fixture.store.enqueue(set);
    const claims = await fixture.store.claim(ask({ limit: 300 }));
    await fixture.store.settle(
      claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete' })),
      new Map(claims.map((claim) => [claim.id, claim])),
    );
    const [rows] = await fixture.database.read([{ sql: 'SELECT kind, moved FROM events' }]);
    expect(rows?.rows).toEqual([
      { kind: 'made', moved: 300 },
      { kind: 'claimed', moved: 300 },
      { kind: 'completed', moved: 300 },
    ]);
    const log = logOf(fixture);
    const seen: PromiseEvent[] = [];
    for (let after: string | undefined; ; ) {
      const page = await log.read({ after, limit: 70 });
      seen.push(...page.events);
      if (page.events.length === 0) break;
      after = page.next;
    }
    expect(seen).toHaveLength(900);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(900);
    for (const kind of ['made', 'claimed', 'completed']) {
      const ids = seen.filter((event) => event.kind === kind).map((event) => event.promiseId);
      expect(ids.sort()).toEqual(set.map(({ id }) => id).sort());
    }
  });

  it('has nothing of what a call did not change', async () => {
    const fixture = await open();
    const { store } = fixture;
    const first = make({ key: 'k' });
    await store.enqueue([first]);
    const [known, fresh] = [make({ key: 'k' }), make({ key: 'l' })];
    await store.enqueue([known, fresh]);
    const { fence } = await claimOne(store);
    const complete = { id: first.id, fence, outcome: 'complete' } as const;
    await store.settle([complete]);
    await store.settle([complete]);
    await store.settle([{ ...complete, fence: 7 }]);
    const token = uuidv7();
    await store.claim(ask({ token }));
    await store.cancel(first.id);
    const { events } = await logOf(fixture).read({ limit: 100 });
    expect(events.map(({ kind, promiseId }) => [kind, promiseId])).toEqual([
      ['made', first.id],
      ['made', fresh.id],
      ['claimed', first.id],
      ['completed', first.id],
      ['claimed', fresh.id],
    ]);
  });

  it('of a set that was settled in part before has the rest', async () => {
    const fixture = await open();
    const { store, time } = fixture;
    await store.enqueue([make(), make(), make()]);
    const claims = await store.claim(ask());
    const complete = claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete' }) as const);
    await store.settle(complete.slice(1, 2));
    time.now += 1;
    await store.settle(complete);
    const log = logOf(fixture);
    const first = await log.read({ kinds: ['completed'], limit: 1 });
    const rest = await log.read({ kinds: ['completed'], limit: 10, after: first.next });
    expect(first.events.map(({ promiseId }) => promiseId)).toEqual([claims[1]?.id]);
    expect(rest.events.map(({ promiseId }) => promiseId).sort()).toEqual(
      [claims[0]?.id, claims[2]?.id].sort(),
    );
  });

  it('tells of what nobody did: families, lanes, expiry, recovery', async () => {
    const fixture = await open();
    const { store, time } = fixture;
    const parent = make({ type: 'parent' });
    const child = make({ type: 'child', dependsOn: [parent.id] });
    const dying = make({ type: 'dying', expiresAt: time.now + MINUTE });
    await store.enqueue([parent]);
    await store.enqueue([child]);
    await store.enqueue([dying]);
    await claimOne(store, { types: ['parent'] });
    time.now += 2 * MINUTE;
    await store.recover();
    const { fence } = await claimOne(store, { types: ['parent'] });
    await store.settle([
      {
        id: parent.id,
        fence,
        outcome: 'fail',
        error: { code: 'x', message: 'y' },
        retryable: false,
      },
    ]);
    const log = logOf(fixture);
    const of = async ({ id }: { id: string }) => (await log.readOf(id, { limit: 10 })).events;
    expect(kindsOf(await of(parent))).toEqual([
      'made',
      'claimed',
      'recovered',
      'claimed',
      'failed',
    ]);
    expect((await of(child)).at(-1)).toMatchObject({
      kind: 'failed',
      error: { code: 'parent-failed' },
    });
    expect((await of(dying)).at(-1)).toMatchObject({
      kind: 'cancelled',
      error: { code: 'expired' },
    });
    const lane = [make({ concurrencyKey: 'k' }), make({ concurrencyKey: 'k' })] as const;
    await store.enqueue(lane);
    expect(kindsOf(await of(lane[0]))).toEqual(['made', 'ready']);
    expect(kindsOf(await of(lane[1]))).toEqual(['made']);
  });

  it('goes on behind what its filters leave out', async () => {
    const fixture = await open();
    const { store } = fixture;
    for (const queue of ['a', 'b', 'a']) await store.enqueue([make({ queue, type: `t${queue}` })]);
    await claimOne(store, { queues: ['a'] });
    const log = logOf(fixture);
    const only = async (asked: object) => (await log.read({ limit: 10, ...asked })).events;
    expect(await only({ queues: ['b'] })).toMatchObject([{ kind: 'made', queue: 'b' }]);
    expect(await only({ types: ['ta'], kinds: ['made'] })).toHaveLength(2);
    expect(await only({ scope: { tenant: 'x', queues: null } })).toEqual([]);
    expect(await only({ scope: { tenant: '', queues: ['a'] } })).toHaveLength(3);
    const none = await log.read({ kinds: ['failed'], limit: 10 });
    expect(none).toMatchObject({ events: [], next: await log.latest() });
    expect(await log.read({ after: none.next, limit: 10 })).toEqual({
      events: [],
      next: none.next,
    });
  });

  it('forgets what is old, and never counts anew', async () => {
    const fixture = await open();
    const { store, time } = fixture;
    const old = make();
    await store.enqueue([old]);
    time.now += 10 * MINUTE;
    const log = logOf(fixture);
    const latest = await log.latest();
    const slice = { olderThanMs: 5 * MINUTE, limit: 500 };
    expect(await log.prune(slice)).toBe(0);
    await store.enqueue([make()]);
    expect(await log.prune(slice)).toBe(1);
    expect((await log.readOf(old.id, { limit: 10 })).events).toEqual([]);
    const [spans] = await fixture.database.read([
      { sql: 'SELECT count(*) AS n FROM event_spans WHERE seq <= ?1', args: [Number(latest)] },
    ]);
    expect(spans?.rows[0]?.n).toBe(0);
    expect(Number(await log.latest())).toBe(Number(latest) + 1);
  });
}
