import { describe, expect, it } from 'vitest';
import { type QueueSettings, Queues } from '../../src/promises/index.js';
import {
  ask,
  claimOne,
  expectCountersRight,
  MINUTE,
  make,
  type Open,
  type StoreFixture,
  T0,
} from './fixture.js';

const many = (count: number, over: Parameters<typeof make>[0] = {}) =>
  Array.from({ length: count }, () => make(over));

const set = ({ database }: StoreFixture, settings: QueueSettings) =>
  new Queues(database).set('default', settings);

async function finish({ store }: StoreFixture, claims: readonly { id: string; fence: number }[]) {
  await store.settle(claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete' })));
}

export function limitsContract(open: Open): void {
  describe('limits', () => {
    it('gives nothing of a paused queue or type, and wakes nobody for it', async () => {
      const fixture = await open();
      const { store, database } = fixture;
      await store.enqueue(many(2));
      await set(fixture, { paused: true });
      expect(await store.claim(ask())).toEqual([]);
      expect(await store.nextWakeInMs(['echo'])).toBeNull();
      await set(fixture, { paused: false });
      await new Queues(database).pauseType('echo', true);
      expect(await store.claim(ask())).toEqual([]);
      await new Queues(database).pauseType('echo', false);
      expect(await store.claim(ask())).toHaveLength(2);
    });

    it('runs no more of a queue at once than it may', async () => {
      const fixture = await open();
      const { store } = fixture;
      await set(fixture, { concurrency: 3 });
      await store.enqueue([...many(5), ...many(5, { type: 'b' }), ...many(2, { queue: 'free' })]);
      const claims = await store.claim(ask({ limit: 20 }));
      expect(claims.filter(({ queue }) => queue === 'default')).toHaveLength(3);
      expect(claims).toHaveLength(5);
      expect(await store.claim(ask())).toEqual([]);
      expect(await store.nextWakeInMs()).toBe(30_000);
      await finish(fixture, claims.filter(({ queue }) => queue === 'default').slice(0, 2));
      expect(await store.claim(ask())).toHaveLength(2);
      await expectCountersRight(fixture);
    });

    it('starts no more of a queue in a period than its rate, and knows when the next may', async () => {
      const fixture = await open();
      const { store, time } = fixture;
      await set(fixture, { rate: { limit: 5, period: 1_000 } });
      await store.enqueue(many(20));
      expect(await store.claim(ask({ limit: 20 }))).toHaveLength(5);
      expect(await store.claim(ask())).toEqual([]);
      const wake = (await store.nextWakeInMs(['echo'])) ?? 0;
      expect(wake).toBeGreaterThan(0);
      expect(wake).toBeLessThanOrEqual(201);
      time.now += wake;
      expect(await store.claim(ask({ limit: 20 }))).toHaveLength(1);
      time.now += 1_000;
      expect((await store.claim(ask({ limit: 20 }))).length).toBe(5);
    });

    it('runs one of a key at a time, and does not walk past those that wait', async () => {
      const fixture = await open();
      const { store } = fixture;
      await store.enqueue([
        ...many(3, { concurrencyKey: 'a' }),
        ...many(1, { concurrencyKey: 'b' }),
      ]);
      expect((await store.figures()).byStatus).toMatchObject({ pending: 2, waiting: 2 });
      const first = await store.claim(ask());
      expect(first).toHaveLength(2);
      expect(await store.claim(ask())).toEqual([]);
      await finish(fixture, first);
      const second = await store.claim(ask());
      expect(second).toMatchObject([{ lane: 'a' }]);
      await finish(fixture, second);
      await finish(fixture, await store.claim(ask()));
      expect((await store.figures()).byStatus).toMatchObject({
        pending: 0,
        waiting: 0,
        completed: 4,
      });
      const [lanes] = await fixture.database.read([{ sql: 'SELECT * FROM lanes' }]);
      await store.advance();
      expect(lanes?.rows).toEqual([]);
      await expectCountersRight(fixture);
    });

    it('lets others of a key run while one waits to be tried again, unless the order is strict', async () => {
      for (const order of ['due', 'strict'] as const) {
        const fixture = await open();
        const { store, time } = fixture;
        await set(fixture, { perKey: { order } });
        const [head, next] = [
          make({ concurrencyKey: 'k' }),
          make({ concurrencyKey: 'k', priority: 1 }),
        ];
        await store.enqueue([head]);
        await store.enqueue([next]);
        const { id, fence } = await claimOne(store);
        expect(id).toBe(head.id);
        const error = { code: 'x', message: 'x' };
        await store.settle([{ id, fence, outcome: 'fail', error, delayMs: MINUTE }]);
        const meanwhile = await store.claim(ask());
        expect(meanwhile.map((claim) => claim.id)).toEqual(order === 'due' ? [next.id] : []);
        await finish(fixture, meanwhile);
        time.now += MINUTE;
        expect(await claimOne(store)).toMatchObject({ id: head.id, attempt: 2 });
        await expectCountersRight(fixture);
      }
    });

    it('goes on in a strict lane when its head is cancelled or dead', async () => {
      const fixture = await open();
      const { store } = fixture;
      await set(fixture, { perKey: { order: 'strict' } });
      const [a, b, c] = many(3, { concurrencyKey: 'k' }) as [
        ReturnType<typeof make>,
        ReturnType<typeof make>,
        ReturnType<typeof make>,
      ];
      for (const one of [a, b, c]) await store.enqueue([one]);
      await store.cancel(a.id);
      const { id, fence } = await claimOne(store);
      expect(id).toBe(b.id);
      const error = { code: 'x', message: 'x' };
      await store.settle([{ id, fence, outcome: 'fail', retryable: false, error }]);
      expect((await claimOne(store)).id).toBe(c.id);
      await expectCountersRight(fixture);
    });

    it('lets as many of a key run as its queue says, also when that changes', async () => {
      const fixture = await open();
      const { store } = fixture;
      await set(fixture, { perKey: { concurrency: 2 } });
      await store.enqueue(many(6, { concurrencyKey: 'k' }));
      expect(await store.claim(ask())).toHaveLength(2);
      await set(fixture, { perKey: { concurrency: 5 } });
      expect(await store.claim(ask())).toHaveLength(3);
      await expectCountersRight(fixture);
    });

    it('keeps a key to its rate', async () => {
      const fixture = await open();
      const { store, time } = fixture;
      const perKey = { concurrency: 100, rate: { limit: 2, period: 1_000 } };
      await set(fixture, { perKey });
      await store.enqueue([
        ...many(5, { concurrencyKey: 'k' }),
        ...many(1, { concurrencyKey: 'l' }),
      ]);
      expect(await store.claim(ask({ limit: 20 }))).toHaveLength(3);
      const wake = (await store.nextWakeInMs(['echo'])) ?? 0;
      expect(wake).toBeGreaterThan(0);
      expect(wake).toBeLessThanOrEqual(501);
      time.now += wake;
      expect(await store.claim(ask())).toHaveLength(1);
      time.now += 1_000;
      expect(await store.claim(ask())).toHaveLength(2);
    });

    it('holds no room in its lane for what is due later', async () => {
      const { store, time } = await open();
      const later = make({ concurrencyKey: 'k', delay: MINUTE });
      await store.enqueue([later]);
      const now = make({ concurrencyKey: 'k' });
      await store.enqueue([now]);
      expect((await claimOne(store)).id).toBe(now.id);
      await store.cancel(now.id);
      expect(await store.nextWakeInMs(['echo'])).toBe(MINUTE);
      time.now = T0 + MINUTE;
      expect((await claimOne(store)).id).toBe(later.id);
    });

    it('does not let one tenant that floods keep the others waiting', async () => {
      const fixture = await open();
      const { store, time } = fixture;
      await set(fixture, { perKey: { concurrency: 4 } });
      for (let n = 0; n < 4; n += 1) await store.enqueue(many(500, { concurrencyKey: 'flood' }));
      const waits = new Map<string, number>();
      for (let turn = 0; turn < 40; turn += 1) {
        time.now += 1;
        const key = `t${turn % 10}`;
        const [one] = await store.enqueue([make({ concurrencyKey: key })]);
        const claims = await store.claim(ask({ limit: 4 }));
        await finish(fixture, claims);
        if (claims.some(({ id }) => id === one?.promise.id)) waits.set(one?.promise.id ?? '', 0);
      }
      const left = await store.list({ status: 'pending', limit: 100 });
      const starving = left.promises.filter(({ concurrencyKey }) => concurrencyKey !== 'flood');
      expect(starving.length).toBeLessThanOrEqual(8);
      await expectCountersRight(fixture);
    });
  });
}
