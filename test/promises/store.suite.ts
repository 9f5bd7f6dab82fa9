import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/index.js';
import {
  type ClaimAsk,
  CRASHES_MAX,
  type Enqueue,
  type PromiseStore,
  type Settlement,
} from '../../src/promises/index.js';

/** A store over a database of its own, its time in the test's hands. */
export interface StoreFixture {
  readonly database: Database;
  readonly store: PromiseStore;
  /** Another store over the same database, as another worker has it. */
  readonly other: PromiseStore;
  readonly time: { now: number };
}

const T0 = 1_800_000_000_000;
const MINUTE = 60_000;

export const startOfTime = T0;

const make = (over: Partial<Enqueue> = {}): Enqueue => ({ id: uuidv7(), type: 'echo', ...over });

const ask = (over: Partial<ClaimAsk> = {}): ClaimAsk => ({
  token: uuidv7(),
  worker: 'w1',
  limit: 10,
  leaseMs: 30_000,
  ...over,
});

/** The contract that every topology keeps. */
export function storeContract(open: () => Promise<StoreFixture>): void {
  const byStatus = async (store: PromiseStore) => (await store.figures()).byStatus;

  /** Counters must equal the rows, always. */
  async function expectCountersRight({ database, store }: StoreFixture) {
    const [rows] = await database.read([
      { sql: 'SELECT status, count(*) AS n FROM promises GROUP BY status' },
    ]);
    const real = Object.fromEntries((rows?.rows ?? []).map((row) => [row.status, row.n]));
    const counted = await byStatus(store);
    for (const [status, n] of Object.entries(counted))
      expect([status, n]).toEqual([status, real[status] ?? 0]);
  }

  async function claimOne(store: PromiseStore, over: Partial<ClaimAsk> = {}) {
    const [claim] = await store.claim(ask({ limit: 1, ...over }));
    if (claim === undefined) throw new Error('nothing was due');
    return claim;
  }

  describe('making', () => {
    it('makes a promise that is pending and due at once, with the defaults', async () => {
      const fixture = await open();
      const input = make({ payload: { a: [1, 'é', null] }, metadata: { from: 'test' } });
      const [made] = await fixture.store.enqueue([input]);
      expect(made).toEqual({ promise: await fixture.store.get(input.id), deduplicated: false });
      expect(made?.promise).toMatchObject({
        id: input.id,
        status: 'pending',
        queue: 'default',
        priority: 5,
        payload: { a: [1, 'é', null] },
        metadata: { from: 'test' },
        maxAttempts: 3,
        attempt: 0,
        runAt: T0,
        createdAt: T0,
      });
      await expectCountersRight(fixture);
    });

    it('gives the promise made before for a known key of the same type, also within one set', async () => {
      const fixture = await open();
      const [first, twin, else_] = await fixture.store.enqueue([
        make({ key: 'k' }),
        make({ key: 'k', payload: 2 }),
        make({ key: 'k', type: 'other' }),
      ]);
      expect(twin).toMatchObject({
        deduplicated: true,
        promise: { id: first?.promise.id, payload: null },
      });
      expect(else_?.deduplicated).toBe(false);
      const [later] = await fixture.other.enqueue([make({ key: 'k' })]);
      expect(later).toMatchObject({ deduplicated: true, promise: { id: first?.promise.id } });
      await expectCountersRight(fixture);
    });

    it('is the same promise when the same enqueue is sent again', async () => {
      const fixture = await open();
      const input = make({ payload: 'x'.repeat(2_000) });
      await fixture.store.enqueue([input]);
      const [again] = await fixture.other.enqueue([input]);
      expect(again).toMatchObject({
        deduplicated: false,
        promise: { id: input.id, payload: input.payload },
      });
      expect((await byStatus(fixture.store)).pending).toBe(1);
      await expectCountersRight(fixture);
    });

    it('keeps large payloads and results whole', async () => {
      const { store } = await open();
      const large = 'ü'.repeat(100_000);
      const input = make({ payload: { large } });
      await store.enqueue([input]);
      const claim = await claimOne(store);
      expect(claim.payload).toEqual({ large });
      await store.settle([
        { id: claim.id, fence: claim.fence, outcome: 'complete', result: [large] },
      ]);
      expect(await store.get(input.id)).toMatchObject({
        status: 'completed',
        payload: { large },
        result: [large],
      });
    });

    it('refuses a payload over the limit and makes nothing', async () => {
      const { store } = await open();
      const tooLarge = make({ payload: 'x'.repeat(1_048_577) });
      await expect(store.enqueue([tooLarge])).rejects.toMatchObject({ code: 'payload-too-large' });
      expect(await store.get(tooLarge.id)).toBeUndefined();
    });

    it('brings a thousand promises of three queues into one call', async () => {
      const fixture = await open();
      const inputs = Array.from({ length: 1_000 }, (_, n) =>
        make({ queue: `q${n % 3}`, payload: n }),
      );
      const made = await fixture.store.enqueue(inputs);
      expect(made.map((one) => one.promise.payload)).toEqual(inputs.map((input) => input.payload));
      await expectCountersRight(fixture);
    });
  });

  describe('claiming', () => {
    it('gives nothing when nothing is due, of another type, or of another queue', async () => {
      const { store, time } = await open();
      await store.enqueue([make({ delay: MINUTE }), make({ runAt: T0 + MINUTE })]);
      expect(await store.claim(ask())).toEqual([]);
      time.now += MINUTE;
      expect(await store.claim(ask({ types: ['other'] }))).toEqual([]);
      expect(await store.claim(ask({ queues: ['other'] }))).toEqual([]);
      expect(await store.claim(ask({ types: ['echo'], queues: ['default'] }))).toHaveLength(2);
    });

    it('gives first priorities first, and within one what is due longest', async () => {
      const { store, time } = await open();
      const [late, early, urgent] = [
        make({ delay: 20 }),
        make({ delay: 10, type: 'b' }),
        make({ delay: 30, priority: 1 }),
      ];
      await store.enqueue([late, early, urgent]);
      time.now += MINUTE;
      const claims = await store.claim(ask({ limit: 2 }));
      expect(claims.map((claim) => claim.id)).toEqual([urgent.id, early.id]);
      expect((await store.claim(ask())).map((claim) => claim.id)).toEqual([late.id]);
    });

    it('never gives one promise to two workers', async () => {
      const fixture = await open();
      await fixture.store.enqueue(Array.from({ length: 100 }, () => make()));
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          (n % 2 === 0 ? fixture.store : fixture.other).claim(ask()),
        ),
      );
      const ids = claims.flat().map((claim) => claim.id);
      expect(new Set(ids).size).toBe(100);
      expect(ids).toHaveLength(100);
      await expectCountersRight(fixture);
    });

    it('answers the same when the same claim is sent again', async () => {
      const fixture = await open();
      await fixture.store.enqueue([make(), make(), make()]);
      const one = ask({ limit: 2 });
      const claims = await fixture.store.claim(one);
      expect(claims).toHaveLength(2);
      expect(await fixture.other.claim(one)).toEqual(claims);
      await expectCountersRight(fixture);
    });

    it('stops before the payloads of one claim are too many to send', async () => {
      const { store } = await open();
      const payload = 'x'.repeat(1_000_000);
      await store.enqueue(Array.from({ length: 5 }, () => make({ payload })));
      const claims = await store.claim(ask());
      expect(claims).toHaveLength(3);
      expect(await store.claim(ask())).toHaveLength(2);
    });
  });

  describe('settling', () => {
    it('refuses an old fence and changes nothing', async () => {
      const fixture = await open();
      const { store } = fixture;
      await store.enqueue([make()]);
      const claim = await claimOne(store);
      const late: Settlement = {
        id: claim.id,
        fence: claim.fence - 1,
        outcome: 'complete',
        result: 'late',
      };
      expect(await store.settle([late])).toEqual([
        { id: claim.id, applied: false, reason: 'lease-lost' },
      ]);
      expect(await store.settle([{ ...late, id: uuidv7() }])).toMatchObject([
        { reason: 'not-found' },
      ]);
      expect(await store.get(claim.id)).toMatchObject({ status: 'in_progress', worker: 'w1' });
      await expectCountersRight(fixture);
    });

    it('completes, and gives the stored answer to the same settlement sent again', async () => {
      const fixture = await open();
      const { store, other } = fixture;
      await store.enqueue([make()]);
      const { id, fence } = await claimOne(store);
      const done: Settlement = { id, fence, outcome: 'complete', result: { ok: true } };
      const outcome = await store.settle([done]);
      expect(outcome).toMatchObject([{ id, applied: true, status: 'completed' }]);
      expect(await other.settle([done])).toEqual(outcome);
      expect(await other.settle([{ id, fence, outcome: 'cancel' }])).toMatchObject([
        { applied: false },
      ]);
      expect(await store.get(id)).toMatchObject({
        status: 'completed',
        result: { ok: true },
        settledAt: T0,
      });
      await expectCountersRight(fixture);
    });

    it('settles one id once in a set: the first wins', async () => {
      const fixture = await open();
      const { store } = fixture;
      await store.enqueue([make()]);
      const { id, fence } = await claimOne(store);
      const outcomes = await store.settle([
        { id, fence, outcome: 'complete', result: 1 },
        { id, fence, outcome: 'fail', error: { code: 'x', message: 'x' } },
      ]);
      expect(outcomes).toMatchObject([{ applied: true }, { applied: false, reason: 'lease-lost' }]);
      await expectCountersRight(fixture);
    });

    it('fails with backoff until its attempts are used up, each failure kept', async () => {
      const fixture = await open();
      const { store, time } = fixture;
      const input = make({ maxAttempts: 2, backoff: { kind: 'fixed', delay: 5_000 } });
      await store.enqueue([input]);
      const fail = async (code: string) => {
        const { id, fence } = await claimOne(store);
        return store.settle([{ id, fence, outcome: 'fail', error: { code, message: code } }]);
      };
      expect(await fail('first')).toMatchObject([{ status: 'pending', runAt: T0 + 5_000 }]);
      expect(await store.claim(ask())).toEqual([]);
      time.now += 5_000;
      expect(await fail('second')).toMatchObject([{ status: 'failed' }]);
      expect(await store.get(input.id)).toMatchObject({
        status: 'failed',
        attempt: 2,
        error: { code: 'second' },
      });
      expect(await store.failures(input.id)).toMatchObject([
        { attempt: 1, at: T0, error: { code: 'first' } },
        { attempt: 2, at: T0 + 5_000, error: { code: 'second' } },
      ]);
      await expectCountersRight(fixture);
    });

    it('fails at once when told not to retry', async () => {
      const { store } = await open();
      await store.enqueue([make()]);
      const { id, fence } = await claimOne(store);
      const error = { code: 'x', message: 'final' };
      const outcomes = await store.settle([
        { id, fence, outcome: 'fail', retryable: false, error },
      ]);
      expect(outcomes).toMatchObject([{ applied: true, status: 'failed' }]);
    });

    it('snoozes without burning an attempt', async () => {
      const fixture = await open();
      const { store, time } = fixture;
      await store.enqueue([make({ maxAttempts: 1 })]);
      const first = await claimOne(store);
      await store.settle([
        { id: first.id, fence: first.fence, outcome: 'snooze', delayMs: MINUTE },
      ]);
      expect(await store.get(first.id)).toMatchObject({
        status: 'pending',
        attempt: 0,
        runAt: T0 + MINUTE,
      });
      time.now += MINUTE;
      expect(await claimOne(store)).toMatchObject({ attempt: 1, fence: first.fence + 1 });
      await expectCountersRight(fixture);
    });
  });

  describe('cancel and retry', () => {
    it('cancels what is pending and what runs; a settled promise stays as it is', async () => {
      const fixture = await open();
      const { store } = fixture;
      await store.enqueue([make(), make()]);
      const running = await claimOne(store);
      expect(await store.cancel(running.id)).toBe('cancelled');
      expect(await store.cancel(running.id)).toBe('cancelled');
      const late: Settlement = { id: running.id, fence: running.fence, outcome: 'complete' };
      expect(await store.settle([late])).toMatchObject([{ applied: false, reason: 'lease-lost' }]);
      expect(await store.heartbeat([running])).toEqual([{ id: running.id, held: false }]);
      const done = await claimOne(store);
      await store.settle([{ id: done.id, fence: done.fence, outcome: 'complete' }]);
      expect(await store.cancel(done.id)).toBe('promise-settled');
      expect(await store.cancel(uuidv7())).toBe('not-found');
      expect(await store.cancel('nonsense')).toBe('not-found');
      await expectCountersRight(fixture);
    });

    it('runs a settled promise again in a new epoch, once for one token', async () => {
      const fixture = await open();
      const { store } = fixture;
      const input = make({ maxAttempts: 1 });
      await store.enqueue([input]);
      const first = await claimOne(store);
      expect(await store.retry(input.id, 't')).toBe('promise-not-settled');
      await store.settle([{ ...first, outcome: 'fail', error: { code: 'x', message: 'x' } }]);
      expect(await store.retry(input.id, 't')).toBe('retried');
      expect(await store.retry(input.id, 't')).toBe('retried');
      expect(await store.retry(input.id, 'u')).toBe('promise-not-settled');
      expect(await store.retry(uuidv7(), 'u')).toBe('not-found');
      const again = await claimOne(store);
      expect(again).toMatchObject({ attempt: 1, epoch: 1 });
      expect(again.fence).toBeGreaterThan(first.fence);
      expect(await store.failures(input.id)).toHaveLength(1);
      await expectCountersRight(fixture);
    });
  });

  describe('leases and recovery', () => {
    it('leaves a promise alone while its lease is extended', async () => {
      const { store, time } = await open();
      await store.enqueue([make()]);
      const { id, fence } = await claimOne(store);
      time.now += 29_000;
      const beat = await store.heartbeat([{ id, fence }]);
      expect(beat).toEqual([{ id, held: true, leaseExpiresAt: T0 + 59_000 }]);
      time.now += 29_000;
      expect((await store.recover()).stalled).toBe(0);
      expect(await store.get(id)).toMatchObject({ status: 'in_progress' });
    });

    it('makes a stalled promise due at once, its attempt given back, its old worker fenced off', async () => {
      const fixture = await open();
      const { store, time } = fixture;
      await store.enqueue([make({ maxAttempts: 1 })]);
      const { id, fence } = await claimOne(store);
      time.now += 30_000;
      expect((await store.figures()).stalled).toBe(1);
      const report = await fixture.other.recover();
      expect(report).toMatchObject({
        stalled: 1,
        quarantined: 0,
        promises: [
          {
            id,
            reason: 'lease-expired',
            decision: 'run-again',
            worker: 'w1',
            nextRunAt: T0 + 30_000,
          },
        ],
      });
      expect(await store.settle([{ id, fence, outcome: 'complete' }])).toMatchObject([
        { applied: false },
      ]);
      expect(await claimOne(store)).toMatchObject({ id, attempt: 1 });
      expect(await store.failures(id)).toMatchObject([{ error: { code: 'lease-expired' } }]);
      await expectCountersRight(fixture);
    });

    it('quarantines a promise that loses its worker again and again', async () => {
      const fixture = await open();
      const { store, time } = fixture;
      const input = make();
      await store.enqueue([input]);
      for (let crash = 1; crash <= CRASHES_MAX; crash += 1) {
        await claimOne(store);
        time.now += 30_000;
        expect((await store.recover()).quarantined).toBe(crash === CRASHES_MAX ? 1 : 0);
      }
      expect(await store.get(input.id)).toMatchObject({
        status: 'failed',
        error: { code: 'quarantined' },
      });
      await expectCountersRight(fixture);
    });

    it('mends a lane whose pending promises no claim would look for', async () => {
      const fixture = await open();
      const { store, database } = fixture;
      await store.enqueue([make(), make({ queue: 'q' }), make({ queue: 'q', type: 'b' })]);
      await database.write([{ sql: "DELETE FROM lanes WHERE queue = 'q'" }]);
      await database.write([{ sql: "UPDATE lanes SET pending = 0 WHERE queue = 'default'" }]);
      expect(await store.claim(ask())).toEqual([]);
      expect((await store.recover()).orphaned).toBe(3);
      expect((await store.recover()).orphaned).toBe(0);
      expect(await store.claim(ask())).toHaveLength(3);
    });

    it('knows when to wake: at the next due promise or the earliest end of a lease', async () => {
      const { store, time } = await open();
      expect(await store.nextWakeInMs(['echo'])).toBeNull();
      await store.enqueue([make({ delay: MINUTE }), make({ type: 'other' })]);
      expect(await store.nextWakeInMs(['echo'])).toBe(MINUTE);
      await claimOne(store, { types: ['other'] });
      expect(await store.nextWakeInMs(['echo'])).toBe(30_000);
      time.now += MINUTE + 1;
      expect(await store.nextWakeInMs(['echo'])).toBe(-30_001);
      expect((await store.figures()).oldestReadyAgeMs).toBe(1);
    });
  });

  describe('retention and lists', () => {
    it('prunes settled promises past their age in slices, with all that is theirs', async () => {
      const fixture = await open();
      const { store, database, time } = fixture;
      const payload = 'x'.repeat(1_000);
      await store.enqueue(Array.from({ length: 25 }, (_, n) => make({ payload, key: `k${n}` })));
      const claims = await store.claim(ask({ limit: 20 }));
      await store.settle(
        claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete', result: payload })),
      );
      expect(await store.prune({ settledBeforeMs: MINUTE })).toEqual({ pruned: 0, done: true });
      time.now += MINUTE + 1;
      expect(await store.prune({ settledBeforeMs: MINUTE, limit: 15 })).toEqual({
        pruned: 15,
        done: false,
      });
      expect(await store.prune({ settledBeforeMs: MINUTE, limit: 15 })).toEqual({
        pruned: 5,
        done: true,
      });
      const [bodies] = await database.read([{ sql: 'SELECT count(*) AS n FROM bodies' }]);
      expect(bodies?.rows[0]?.n).toBe(5);
      expect((await byStatus(store)).pending).toBe(5);
      await expectCountersRight(fixture);
    });

    it('prunes claims once no lease can hang on them', async () => {
      const { store, database, time } = await open();
      await store.enqueue([make()]);
      const { id, fence } = await claimOne(store);
      await store.settle([{ id, fence, outcome: 'complete' }]);
      time.now += 24 * 60 * MINUTE + 1;
      await store.prune({ settledBeforeMs: 365 * 24 * 60 * MINUTE });
      const [claims] = await database.read([{ sql: 'SELECT count(*) AS n FROM claims' }]);
      expect(claims?.rows[0]?.n).toBe(0);
    });

    it.each([
      {},
      { status: 'completed' },
      { status: 'pending' },
      { type: 'b' },
      { queue: 'q' },
      { key: 'k' },
    ] as const)('lists by %o, newest first, page by page', async (filter) => {
      const { store, time } = await open();
      for (let n = 0; n < 12; n += 1) {
        time.now += 1;
        await store.enqueue([
          make({
            type: n % 2 === 0 ? 'a' : 'b',
            queue: n % 3 === 0 ? 'q' : 'r',
            ...(n < 2 ? { key: 'k' } : {}),
          }),
        ]);
      }
      const claims = await store.claim(ask({ limit: 6 }));
      await store.settle(claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete' })));
      const whole = await store.list({ ...filter, limit: 100 });
      expect(whole.nextCursor).toBeNull();
      expect(whole.promises.length).toBeGreaterThan(1);
      for (const promise of whole.promises) expect(promise).toMatchObject(filter);
      const paged: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<PromiseStore['list']>> = await store.list({
          ...filter,
          limit: 2,
          ...(cursor === null ? {} : { cursor }),
        });
        paged.push(...page.promises.map((promise) => promise.id));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(paged).toEqual(whole.promises.map((promise) => promise.id));
    });

    it('refuses a cursor that is none', async () => {
      const { store } = await open();
      await expect(store.list({ limit: 1, cursor: "'; DROP" })).rejects.toMatchObject({
        code: 'input-invalid',
      });
    });
  });

  it('tells listeners of its own changes', async () => {
    const { store } = await open();
    let calls = 0;
    const stop = store.onChange(() => {
      calls += 1;
    });
    await store.enqueue([make()]);
    expect(calls).toBeGreaterThan(0);
    stop();
  });
}
