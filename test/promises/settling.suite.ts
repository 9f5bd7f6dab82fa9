import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import type { Settlement } from '../../src/promises/index.js';
import { ask, claimOne, expectCountersRight, MINUTE, make, type Open, T0 } from './fixture.js';

export function settlingContract(open: Open): void {
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
}
