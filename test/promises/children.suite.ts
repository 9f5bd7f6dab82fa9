import { describe, expect, it } from 'vitest';
import { claimOne, expectCountersRight, make, type Open } from './fixture.js';

export function childrenContract(open: Open): void {
  describe('children', () => {
    it('are made with the completion of the run that makes them, and once', async () => {
      const fixture = await open();
      const { store, other } = fixture;
      await store.enqueue([make()]);
      const { id, fence } = await claimOne(store);
      const children = [
        make({ type: 'a', payload: 'x'.repeat(1_000) }),
        make({ type: 'b', tags: ['t'] }),
        make({ type: 'c', dependsOn: [id] }),
        make({ type: 'd', concurrencyKey: 'k' }),
      ];
      const done = { id, fence, outcome: 'complete', children } as const;
      await store.settle([done]);
      await other.settle([done]);
      expect((await store.figures()).byStatus).toMatchObject({
        completed: 1,
        pending: 4,
        waiting: 0,
      });
      expect(await claimOne(store, { types: ['a'] })).toMatchObject({
        payload: children[0]?.payload,
      });
      await expectCountersRight(fixture);
    });

    it('are not made by a run that has lost its promise', async () => {
      const fixture = await open();
      const { store } = fixture;
      await store.enqueue([make()]);
      const { id, fence } = await claimOne(store);
      await store.cancel(id);
      const child = make({ payload: 'x'.repeat(1_000), tags: ['t'], key: 'k' });
      const outcome = await store.settle([{ id, fence, outcome: 'complete', children: [child] }]);
      expect(outcome).toMatchObject([{ applied: false, reason: 'lease-lost' }]);
      expect(await store.get(child.id)).toBeUndefined();
      const [left] = await fixture.database.read([
        { sql: 'SELECT (SELECT count(*) FROM bodies) + (SELECT count(*) FROM tags) AS n' },
      ]);
      expect(left?.rows[0]?.n).toBe(0);
      await expectCountersRight(fixture);
    });
  });

  describe('continuing', () => {
    it('gives the next run the state of the last, whatever its size, and burns no attempt', async () => {
      const fixture = await open();
      const { store } = fixture;
      const input = make({ maxAttempts: 1 });
      await store.enqueue([input]);
      const first = await claimOne(store);
      expect(first.state).toBeNull();
      for (const state of [{ at: 1 }, 'x'.repeat(10_000), { at: 3 }]) {
        const { id, fence } = await claimOne(store).catch(() => first);
        await store.settle([{ id, fence, outcome: 'snooze', delayMs: 0, state }]);
        const next = await claimOne(store);
        expect(next).toMatchObject({ state, attempt: 1 });
        await store.settle([{ id: next.id, fence: next.fence, outcome: 'snooze', delayMs: 0 }]);
        const kept = await claimOne(store);
        expect(kept.state).toEqual(state);
        await store.settle([{ id: kept.id, fence: kept.fence, outcome: 'snooze', delayMs: 0 }]);
      }
      await expectCountersRight(fixture);
    });
  });

  it('stores how far a run is with its heartbeat', async () => {
    const { store } = await open();
    await store.enqueue([make()]);
    const { id, fence } = await claimOne(store);
    const progress = { percent: 40, message: 'halfway "there" é' };
    await store.heartbeat([{ id, fence, progress }]);
    await store.heartbeat([{ id, fence }]);
    expect(await store.get(id)).toMatchObject({ progress });
  });
}
