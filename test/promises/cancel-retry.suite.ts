import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import type { Settlement } from '../../src/promises/index.js';
import { claimOne, expectCountersRight, make, type Open } from './fixture.js';

export function cancelRetryContract(open: Open): void {
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
      // Its answer was lost, and it comes when the promise has been run again.
      await store.settle([{ id: again.id, fence: again.fence, outcome: 'complete' }]);
      expect(await store.retry(input.id, 't')).toBe('retried');
      expect(await store.get(input.id)).toMatchObject({ status: 'completed', epoch: 1 });
      await expectCountersRight(fixture);
    });

    it('runs again, what waited for its parents when it was cancelled waits for them again', async () => {
      const fixture = await open();
      const { store } = fixture;
      const [parent, child] = [make(), make({ concurrencyKey: 'lane' })];
      await store.enqueue([parent, { ...child, dependsOn: [parent.id] }]);
      await store.cancel(child.id);
      expect(await store.retry(child.id, 't')).toBe('retried');
      expect(await store.get(child.id)).toMatchObject({ status: 'waiting', waitsFor: 'parents' });
      const claim = await claimOne(store);
      expect(claim.id).toBe(parent.id);
      await store.settle([{ id: claim.id, fence: claim.fence, outcome: 'complete' }]);
      expect((await claimOne(store)).id).toBe(child.id);
      await expectCountersRight(fixture);
    });

    it('runs a child again whose parent has failed: whoever asks knows', async () => {
      const { store } = await open();
      const [failing, other, child] = [make({ priority: 1 }), make(), make()];
      await store.enqueue([failing, other, { ...child, dependsOn: [failing.id, other.id] }]);
      const { id, fence } = await claimOne(store);
      await store.settle([{ id, fence, outcome: 'cancel' }]);
      expect(await store.get(child.id)).toMatchObject({ status: 'failed' });
      expect(await store.retry(child.id, 't')).toBe('retried');
      expect(await store.get(child.id)).toMatchObject({ status: 'pending' });
    });
  });
}
