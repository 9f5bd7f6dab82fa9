import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import { Queues } from '../../src/promises/index.js';
import { ask, claimOne, MINUTE, make, type Open, T0 } from './fixture.js';

export function explainContract(open: Open): void {
  describe('explaining', () => {
    it('knows nothing of what is not there', async () => {
      const { store } = await open();
      expect(await store.explain(uuidv7())).toBeUndefined();
      expect(await store.explain('nonsense')).toBeUndefined();
    });

    it('tells each state and what it waits for', async () => {
      const { store, time } = await open();
      const [parent, child] = [make(), make()];
      const keyed = { type: 'k', concurrencyKey: 'a' };
      const [first, second] = [make(keyed), make(keyed)];
      await store.enqueue([parent, { ...child, dependsOn: [parent.id] }, first, second]);
      const codes = async (id: string) =>
        (await store.explain(id))?.reasons.map((reason) => reason.code);
      expect(await codes(parent.id)).toEqual(['ready']);
      expect((await store.explain(child.id))?.reasons).toMatchObject([
        { code: 'waits-for-parents', waitsFor: [parent.id] },
      ]);
      expect(await codes(first.id)).toEqual(['ready']);
      expect(await codes(second.id)).toEqual(['waits-for-lane']);
      const claim = await claimOne(store, { types: ['echo'] });
      expect((await store.explain(parent.id))?.reasons).toMatchObject([
        { code: 'running', untilAt: T0 + 30_000 },
      ]);
      expect((await store.explain(parent.id))?.lastClaimedAt).toBe(T0);
      expect((await store.explain(first.id))?.lastClaimedAt).toBeNull();
      time.now += MINUTE;
      expect(await codes(parent.id)).toEqual(['lease-over']);
      time.now -= MINUTE;
      const error = { code: 'x', message: 'x' };
      await store.settle([{ ...claim, outcome: 'fail', error, delayMs: 5_000 }]);
      expect((await store.explain(parent.id))?.reasons).toMatchObject([
        { code: 'not-due', message: 'its next attempt is later', untilAt: T0 + 5_000 },
      ]);
      await store.cancel(parent.id);
      expect(await codes(parent.id)).toEqual(['settled']);
    });

    it('tells everything that holds it back at once', async () => {
      const { database, store } = await open();
      const queues = new Queues(database);
      const [one, two] = [make({ queue: 'q' }), make({ queue: 'q' })];
      await store.enqueue([one, two, make({ queue: 'q', expiresAt: T0 })]);
      await queues.set('q', { concurrency: 1, rate: { limit: 1, period: MINUTE } });
      await claimOne(store);
      await queues.set('q', { paused: true });
      await queues.pauseType('echo', true);
      const { promises } = await store.list({ status: 'pending', queue: 'q', limit: 1 });
      const { reasons } = (await store.explain(promises[0]?.id ?? '')) ?? { reasons: [] };
      expect(reasons.map((reason) => reason.code)).toEqual([
        'queue-paused',
        'type-paused',
        'queue-concurrency',
        'queue-rate',
      ]);
      expect(reasons.at(-1)?.untilAt).toBeGreaterThan(T0 + MINUTE / 2);
    });

    it('says ready of exactly what the next claim takes', async () => {
      const { database, store, time } = await open();
      const queues = new Queues(database);
      await queues.set('paused', { paused: true });
      await queues.set('one', { concurrency: 1 });
      await queues.set('rated', { rate: { limit: 2, period: MINUTE } });
      await queues.set('strict', { perKey: { order: 'strict' } });
      await queues.pauseType('off', true);
      const made = ['default', 'paused', 'one', 'rated', 'strict'].flatMap((queue, n) => [
        make({ queue }),
        make({ queue, type: 'off' }),
        make({ queue, delay: 1_000 * (n % 2) }),
        make({ queue, concurrencyKey: 'k' }),
        make({ queue, concurrencyKey: 'k', priority: 1 }),
      ]);
      await store.enqueue(made);
      for (let round = 0; round < 12; round += 1) {
        await store.advance();
        const explained = await Promise.all(made.map(({ id }) => store.explain(id)));
        const ready = explained.filter((one) => one?.reasons[0]?.code === 'ready');
        // One at a time: each takes room that the others were promised.
        const claims = await store.claim(ask({ limit: 1 }));
        expect(claims.length).toBe(Math.min(1, ready.length));
        if (claims[0] !== undefined) {
          expect(ready.map((one) => one?.id)).toContain(claims[0].id);
          if (round % 3 === 0) await store.settle([{ ...claims[0], outcome: 'complete' }]);
        }
        if (claims.length === 0) time.now += 30_000;
      }
    });
  });
}
