import { describe, expect, it } from 'vitest';
import { type ArchivedPromise, PromiseStore, Queues } from '../../src/promises/index.js';
import { ask, claimOne, expectCountersRight, MINUTE, make, type Open } from './fixture.js';

export function retentionContract(open: Open): void {
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
      expect((await store.figures()).byStatus.pending).toBe(5);
      await expectCountersRight(fixture);
    });

    it('keeps to the rules of each queue, by age and by count', async () => {
      const fixture = await open();
      const { store, database, time } = fixture;
      const settle = async (queue: string, outcome: 'complete' | 'fail') => {
        await store.enqueue([make({ queue })]);
        const { id, fence } = await claimOne(store, { queues: [queue] });
        const error = { code: 'x', message: 'x' };
        await store.settle([
          outcome === 'complete'
            ? { id, fence, outcome }
            : { id, fence, outcome, error, retryable: false },
        ]);
        time.now += 1_000;
        return id;
      };
      const left = async (queue: string) =>
        (await store.list({ queue, limit: 100 })).promises.map((one) => one.id).reverse();
      const queues = new Queues(database);
      const day = 24 * 60 * MINUTE;
      await queues.set('short', { retention: { completed: { age: MINUTE } } });
      await queues.set('long', { retention: { completed: { age: 30 * day } } });
      await queues.set('few', { retention: { failed: { count: 2 }, completed: { count: 0 } } });
      const short = [await settle('short', 'complete'), await settle('short', 'fail')];
      const long = [await settle('long', 'complete')];
      const plain = [await settle('plain', 'complete')];
      const few: string[] = [];
      for (let n = 0; n < 4; n += 1) few.push(await settle('few', 'fail'));
      await settle('few', 'complete');
      const prune = () => store.prune({ settledBeforeMs: 7 * day });
      expect(await prune()).toEqual({ pruned: 3, done: true });
      expect(await left('few')).toEqual(few.slice(2));
      time.now += 2 * MINUTE;
      expect(await prune()).toEqual({ pruned: 1, done: true });
      expect(await left('short')).toEqual(short.slice(1));
      expect(await left('plain')).toEqual(plain);
      time.now += 8 * day;
      expect(await prune()).toEqual({ pruned: 4, done: true });
      expect(await left('long')).toEqual(long);
      expect(await prune()).toEqual({ pruned: 0, done: true });
      await expectCountersRight(fixture);
    });

    it('gives promises to the archive before they go, and keeps what it does not take', async () => {
      const fixture = await open();
      const { database, time } = fixture;
      const taken: ArchivedPromise[] = [];
      let isFull = true;
      const store = new PromiseStore(database, {
        clock: () => time.now,
        archive: async (promises) => {
          if (isFull) throw new Error('the archive is full');
          taken.push(...promises);
        },
      });
      await store.enqueue(Array.from({ length: 30 }, (_, n) => make({ payload: n })));
      const claims = await store.claim(ask({ limit: 30 }));
      const error = { code: 'x', message: 'x' };
      await store.settle(
        claims.map(({ id, fence }) => ({ id, fence, outcome: 'fail', error, retryable: false })),
      );
      time.now += MINUTE + 1;
      await expect(store.prune({ settledBeforeMs: MINUTE })).rejects.toThrow('full');
      expect((await store.figures()).byStatus.failed).toBe(30);
      isFull = false;
      expect(await store.prune({ settledBeforeMs: MINUTE })).toEqual({ pruned: 30, done: true });
      expect(taken.map((one) => one.promise.payload).sort()).toHaveLength(30);
      expect(taken[0]).toMatchObject({
        promise: { status: 'failed' },
        failures: [{ attempt: 1, error: { code: 'x' } }],
      });
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
}
