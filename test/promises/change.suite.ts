import { describe, expect, it } from 'vitest';
import { ask, claimOne, expectCountersRight, MINUTE, make, type Open, T0 } from './fixture.js';

export function changeContract(open: Open): void {
  describe('changing', () => {
    it('changes what waits to run: payload of any size, time, priority, attempts', async () => {
      const fixture = await open();
      const { store, time } = fixture;
      const input = make({ payload: 'x'.repeat(1_000), expiresAt: T0 + 10 * MINUTE });
      await store.enqueue([input]);
      const change = { payload: { a: 1 }, delay: MINUTE, priority: 1, maxAttempts: 9 } as const;
      expect(await store.change(input.id, change)).toBe('changed');
      expect(await store.change(input.id, { metadata: { m: 'é' }, expiresAt: null })).toBe(
        'changed',
      );
      expect(await store.get(input.id)).toMatchObject({
        payload: { a: 1 },
        runAt: T0 + MINUTE,
        priority: 1,
        maxAttempts: 9,
        metadata: { m: 'é' },
        expiresAt: null,
      });
      await store.change(input.id, { payload: 'y'.repeat(2_000) });
      time.now += MINUTE;
      expect(await claimOne(store)).toMatchObject({ payload: 'y'.repeat(2_000) });
      expect(await store.change(input.id, { priority: 2 })).toBe('promise-running');
      await expectCountersRight(fixture);
    });

    it('refuses what is kept or given up, and what there is not', async () => {
      const { store } = await open();
      const input = make();
      await store.enqueue([input]);
      await store.cancel(input.id);
      expect(await store.change(input.id, { priority: 1 })).toBe('promise-settled');
      expect(await store.change(make().id, { priority: 1 })).toBe('not-found');
    });

    it('replays dead letters in bulk, edited', async () => {
      const fixture = await open();
      const { store } = fixture;
      const inputs = Array.from({ length: 5 }, () => make({ maxAttempts: 1 }));
      await store.enqueue(inputs);
      const error = { code: 'x', message: 'x' };
      const claims = await store.claim(ask());
      await store.settle(claims.map(({ id, fence }) => ({ id, fence, outcome: 'fail', error })));
      const dead = await store.list({ status: 'failed', limit: 100 });
      const ids = dead.promises.map(({ id }) => id);
      expect(await store.change(ids[0] ?? '', { payload: 'mended' })).toBe('changed');
      const stranger = make().id;
      const outcomes = await store.retryAll([...ids, stranger], 't');
      expect([...outcomes.keys()].sort()).toEqual([...ids].sort());
      for (const one of outcomes.values()) {
        expect(one).toMatchObject({ outcome: 'retried', type: 'echo' });
      }
      expect(await store.retry(stranger, 't')).toBe('not-found');
      expect(await store.claim(ask())).toHaveLength(5);
      expect(await store.get(ids[0] ?? '')).toMatchObject({ payload: 'mended', epoch: 1 });
      await expectCountersRight(fixture);
    });
  });
}
