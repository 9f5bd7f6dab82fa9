import { describe, expect, it } from 'vitest';
import { claimOne, expectCountersRight, make, type Open, T0 } from './fixture.js';

export function makingContract(open: Open): void {
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
      expect((await fixture.store.figures()).byStatus.pending).toBe(1);
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
}
