import { describe, expect, it } from 'vitest';
import { CRASHES_MAX, recoveriesOf, recoveryPage } from '../../src/promises/index.js';
import { ask, claimOne, expectCountersRight, MINUTE, make, type Open, T0 } from './fixture.js';

export function recoveryContract(open: Open): void {
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

    it('keeps a report of each: why, who had it, its last heartbeat, what was decided', async () => {
      const { database, store, time } = await open();
      await store.enqueue([make({ queue: 'q' }), make()]);
      const claims = await store.claim(ask());
      time.now += 10_000;
      await store.heartbeat(claims.slice(0, 1).map(({ id, fence }) => ({ id, fence })));
      time.now += 20_000;
      await store.recover();
      time.now += 10_000;
      await store.recover();
      const { recoveries } = await recoveryPage(database, { limit: 10 });
      expect(recoveries).toMatchObject([
        { promiseId: claims[0]?.id, lastHeartbeatAt: T0 + 10_000, recoveredAt: T0 + 40_000 },
        { promiseId: claims[1]?.id, lastHeartbeatAt: null, recoveredAt: T0 + 30_000 },
      ]);
      expect(recoveries[1]).toMatchObject({
        reason: 'lease-expired',
        worker: 'w1',
        decision: 'run-again',
        nextRunAt: T0 + 30_000,
      });
      const first = await recoveryPage(database, { limit: 1 });
      const cursor = first.nextCursor ?? '';
      const rest = await recoveryPage(database, { limit: 1, cursor });
      expect([...first.recoveries, ...rest.recoveries]).toEqual(recoveries);
      const own = await recoveriesOf(database, claims[1]?.id ?? '');
      expect(own).toEqual([recoveries[1]]);
      await expect(recoveryPage(database, { limit: 1, cursor: 'x' })).rejects.toMatchObject({
        code: 'input-invalid',
      });
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

    it('mends a line whose pending promises no claim would look for', async () => {
      const fixture = await open();
      const { store, database } = fixture;
      await store.enqueue([make(), make({ queue: 'q' }), make({ queue: 'q', type: 'b' })]);
      await database.write([{ sql: "DELETE FROM lines WHERE queue = 'q'" }]);
      await database.write([{ sql: "UPDATE lines SET pending = 0 WHERE queue = 'default'" }]);
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
}
