import { describe, expect, it } from 'vitest';
import { ask, claimOne, expectCountersRight, MINUTE, make, type Open, T0 } from './fixture.js';

export function uniqueContract(open: Open): void {
  describe('unique keys', () => {
    it.each(['pending', 'unsettled', 'always'] as const)(
      'keeps a key for its scope: %s',
      async (scope) => {
        const fixture = await open();
        const { store } = fixture;
        const again = () =>
          store.enqueue([make({ key: 'k', unique: { scope } })]).then(([one]) => one);
        const first = await again();
        expect(first?.deduplicated).toBe(false);
        expect(await again()).toMatchObject({
          deduplicated: true,
          promise: { id: first?.promise.id },
        });
        const { id, fence } = await claimOne(store);
        expect((await again())?.deduplicated).toBe(scope !== 'pending');
        await store.settle([{ id, fence, outcome: 'complete' }]);
        expect((await again())?.deduplicated).toBe(scope !== 'unsettled');
        await expectCountersRight(fixture);
      },
    );

    it('keeps a key for a period, then makes a new one: throttle', async () => {
      const fixture = await open();
      const { store, time } = fixture;
      const call = () => store.enqueue([make({ key: 'k', throttle: MINUTE })]).then(([one]) => one);
      const first = await call();
      time.now += MINUTE - 1;
      expect(await call()).toMatchObject({
        deduplicated: true,
        promise: { id: first?.promise.id },
      });
      time.now += 1;
      const second = await call();
      expect(second).toMatchObject({ deduplicated: false });
      expect((await call())?.promise.id).toBe(second?.promise.id);
      await expectCountersRight(fixture);
    });

    it('makes each of a set whose key the one before it gave back at once', async () => {
      const fixture = await open();
      const { store } = fixture;
      const parent = make();
      await store.enqueue([parent]);
      await store.cancel(parent.id);
      const child = () =>
        make({ key: 'k', unique: { scope: 'unsettled' }, dependsOn: [parent.id] });
      const made = await store.enqueue([child(), child(), child()]);
      expect(made.map(({ deduplicated, promise }) => [deduplicated, promise.status])).toEqual(
        Array.from({ length: 3 }, () => [false, 'failed']),
      );
      await expectCountersRight(fixture);
    });

    it('makes calls in quick succession one run of the last, at most so late: debounce', async () => {
      const fixture = await open();
      const { store, time } = fixture;
      const debounce = { wait: 10_000, maxWait: 25_000 };
      const call = (payload: unknown) =>
        store.enqueue([make({ key: 'k', debounce, payload: payload as never })]);
      await call(1);
      time.now += 9_000;
      await call('x'.repeat(1_000));
      time.now += 9_000;
      await call(3);
      const [only] = (await store.list({ limit: 10 })).promises;
      expect(only).toMatchObject({ payload: 3, runAt: T0 + 25_000 });
      expect(await store.claim(ask())).toEqual([]);
      time.now = T0 + 25_000;
      expect(await store.claim(ask())).toMatchObject([{ payload: 3 }]);
      await call(4);
      expect((await store.figures()).byStatus).toMatchObject({ pending: 1, in_progress: 1 });
      await expectCountersRight(fixture);
    });

    it('replaces or reschedules what has not begun, and leaves what has', async () => {
      const { store } = await open();
      const unique = (onConflict: 'replace' | 'reschedule') =>
        ({ scope: 'unsettled', onConflict }) as const;
      await store.enqueue([make({ key: 'k', payload: 1, unique: unique('replace') })]);
      await store.enqueue([
        make({ key: 'k', payload: 2, delay: MINUTE, unique: unique('reschedule') }),
      ]);
      const [one] = (await store.list({ limit: 10 })).promises;
      expect(one).toMatchObject({ payload: 1, runAt: T0 + MINUTE });
      await store.enqueue([make({ key: 'k', payload: 3, priority: 2, unique: unique('replace') })]);
      expect(await claimOne(store)).toMatchObject({ payload: 3 });
      await store.enqueue([make({ key: 'k', payload: 4, unique: unique('replace') })]);
      expect((await store.list({ limit: 10 })).promises).toMatchObject([
        { payload: 3, priority: 2 },
      ]);
    });

    it('makes a key of chosen payload fields', async () => {
      const { store } = await open();
      const unique = { fields: ['user.id', 'kind'] };
      const call = (id: unknown, kind: string, other: number) =>
        store
          .enqueue([make({ unique, payload: { user: { id: id as never, other }, kind } })])
          .then(([one]) => one?.deduplicated);
      expect(await call({ a: 1, b: 2 }, 'x', 1)).toBe(false);
      expect(await call({ b: 2, a: 1 }, 'x', 2)).toBe(true);
      expect(await call({ a: 1, b: 2 }, 'y', 1)).toBe(false);
      expect(await call(null, 'x', 1)).toBe(false);
    });

    it('cancels what has not begun by its time, and gives it to nobody', async () => {
      const fixture = await open();
      const { store, time } = fixture;
      const late = make({ expiresAt: T0 + MINUTE, key: 'k', unique: { scope: 'unsettled' } });
      const begun = make({ type: 'begun', expiresAt: T0 + MINUTE });
      await store.enqueue([late, begun]);
      await claimOne(store, { types: ['begun'] });
      expect(await store.nextWakeInMs(['none'])).toBe(30_000);
      time.now += MINUTE;
      expect(await store.claim(ask({ types: ['echo'] }))).toEqual([]);
      expect(await store.get(late.id)).toMatchObject({
        status: 'cancelled',
        error: { code: 'expired' },
      });
      expect((await store.get(begun.id))?.status).toBe('in_progress');
      expect((await store.enqueue([make({ key: 'k' })]))[0]?.deduplicated).toBe(false);
      await expectCountersRight(fixture);
    });

    it('finds promises by tag', async () => {
      const { store } = await open();
      await store.enqueue([make({ tags: ['a', 'b'] }), make({ tags: ['b'] }), make()]);
      expect((await store.list({ tag: 'a', limit: 10 })).promises).toHaveLength(1);
      const page = await store.list({ tag: 'b', limit: 1 });
      expect(page.promises).toHaveLength(1);
      const rest = await store.list({ tag: 'b', limit: 10, cursor: page.nextCursor ?? '' });
      expect(rest.promises).toHaveLength(1);
      expect(rest.promises[0]?.id).not.toBe(page.promises[0]?.id);
    });
  });
}
