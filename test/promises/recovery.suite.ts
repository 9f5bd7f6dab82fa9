import { describe, expect, it } from 'vitest';
import { CRASHES_MAX, Queues, recoveriesOf, recoveryPage } from '../../src/promises/index.js';
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
            reason: 'claim-silent',
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
        {
          promiseId: claims[0]?.id,
          reason: 'lease-expired',
          lastHeartbeatAt: T0 + 10_000,
          recoveredAt: T0 + 40_000,
        },
        { promiseId: claims[1]?.id, lastHeartbeatAt: null, recoveredAt: T0 + 30_000 },
      ]);
      expect(recoveries[1]).toMatchObject({
        reason: 'claim-silent',
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
      await store.enqueue([make({ delay: MINUTE })]);
      await database.write([{ sql: "DELETE FROM lines WHERE queue = 'q'" }]);
      await database.write([{ sql: "UPDATE lines SET pending = 0 WHERE queue = 'default'" }]);
      expect(await store.claim(ask())).toEqual([]);
      const report = await store.recover();
      expect(report.orphaned).toBe(4);
      expect((await store.recover()).orphaned).toBe(0);
      const { recoveries } = await recoveryPage(database, { limit: 10 });
      expect(recoveries).toHaveLength(3);
      for (const one of recoveries) {
        expect(one).toMatchObject({
          reason: 'never-woken',
          worker: null,
          lastHeartbeatAt: null,
          decision: 'run-again',
          nextRunAt: T0,
          recoveredAt: T0,
        });
      }
      const ids = recoveries.map(({ promiseId }) => promiseId).sort();
      expect(report.promises.map(({ id }) => id).sort()).toEqual(ids);
      expect((await store.claim(ask())).map(({ id }) => id).sort()).toEqual(ids);
    });

    it('lets the report of an orphan go with its promise', async () => {
      const { store, database, time } = await open();
      await store.enqueue([make()]);
      await database.write([{ sql: 'UPDATE lines SET pending = 0' }]);
      expect((await store.recover()).orphaned).toBe(1);
      const { id, fence } = await claimOne(store);
      await store.settle([{ id, fence, outcome: 'complete' }]);
      expect((await recoveryPage(database, { limit: 10 })).recoveries).toHaveLength(1);
      time.now += MINUTE + 1;
      expect((await store.prune({ settledBeforeMs: MINUTE })).pruned).toBe(1);
      expect((await recoveryPage(database, { limit: 10 })).recoveries).toEqual([]);
    });

    it('finds what waits for parents that are settled or gone, and decides as the promise says', async () => {
      const fixture = await open();
      const { store, database, time } = fixture;
      const [parent, other] = [make(), make()];
      const gone = make();
      await store.enqueue([parent, other, gone]);
      const onParent = { dependsOn: [parent.id] };
      const waiting = {
        plain: make(onParent),
        inLane: make({ ...onParent, concurrencyKey: 'k' }),
        ofGone: make({ dependsOn: [gone.id] }),
        ofBoth: make({ dependsOn: [parent.id, other.id] }),
        failing: make({ dependsOn: [other.id] }),
        cancelled: make({ dependsOn: [other.id], onParentFailure: 'cancel' }),
      };
      await store.enqueue(Object.values(waiting));
      const grandchild = make({ dependsOn: [waiting.failing.id] });
      await store.enqueue([grandchild]);
      expect(await store.recoverWaiting()).toEqual({ promises: [], next: null });
      // As after a fault: the parents are settled, and nothing says that their children must be told.
      await database.write([
        {
          sql: `UPDATE promises SET status = 'completed', settled_at = ?2 WHERE id = ?1`,
          args: [parent.id, T0],
        },
        { sql: 'DELETE FROM promises WHERE id = ?1', args: [gone.id] },
        { sql: 'UPDATE lines SET pending = pending - 2, completed = completed + 1' },
      ]);
      time.now += MINUTE;
      const first = await fixture.other.recoverWaiting();
      const decisions = new Map(first.promises.map(({ id, decision }) => [id, decision]));
      expect(decisions).toEqual(
        new Map([
          [waiting.plain.id, 'run-again'],
          [waiting.inLane.id, 'wait'],
          [waiting.ofGone.id, 'run-again'],
        ]),
      );
      expect(await recoveriesOf(database, waiting.plain.id)).toMatchObject([
        {
          reason: 'parents-settled',
          decision: 'run-again',
          nextRunAt: T0,
          recoveredAt: T0 + MINUTE,
        },
      ]);
      expect(await store.get(waiting.inLane.id)).toMatchObject({ status: 'pending' });
      expect(await store.get(waiting.ofBoth.id)).toMatchObject({ status: 'waiting' });
      await database.write([
        {
          sql: `UPDATE promises SET status = 'failed', settled_at = ?2 WHERE id = ?1`,
          args: [other.id, T0],
        },
        { sql: 'UPDATE lines SET pending = pending - 1, failed = failed + 1' },
      ]);
      const second = await fixture.other.recoverWaiting();
      expect(new Map(second.promises.map(({ id, decision }) => [id, decision]))).toEqual(
        new Map([
          [waiting.ofBoth.id, 'fail'],
          [waiting.failing.id, 'fail'],
          [waiting.cancelled.id, 'cancel'],
        ]),
      );
      expect(await store.get(grandchild.id)).toMatchObject({ status: 'failed' });
      expect(await store.recoverWaiting()).toEqual({ promises: [], next: null });
      await expectCountersRight(fixture);
    });

    const LANE_FAULTS = [
      ['counts some that are not there', 'UPDATE lanes SET open = 5, look_at = NULL'],
      ['is forgotten', 'DELETE FROM lanes'],
      ['is looked at by nobody', 'UPDATE lanes SET look_at = NULL'],
    ] as const;

    it.each(LANE_FAULTS)('lets those in whose lane %s', async (_what, fault) => {
      const fixture = await open();
      const { store, database, time } = fixture;
      await new Queues(database).set('strict', { perKey: { order: 'strict' } });
      const keyed = ['default', 'strict'].flatMap((queue) =>
        ['a', 'b'].flatMap((concurrencyKey) => [
          make({ queue, concurrencyKey }),
          make({ queue, concurrencyKey }),
        ]),
      );
      await store.enqueue(keyed);
      const first = await store.claim(ask());
      expect(first).toHaveLength(4);
      expect(await store.recoverWaiting()).toEqual({ promises: [], next: null });
      // As after a fault: whoever was in has gone, and the lane has not heard of it.
      const ids = JSON.stringify(first.map(({ id }) => id));
      const gone = 'DELETE FROM promises WHERE id IN (SELECT value FROM json_each(?1))';
      await database.write([
        { sql: gone, args: [ids] },
        { sql: 'UPDATE lines SET in_progress = 0' },
        { sql: 'UPDATE lanes SET open = 0' },
        { sql: fault },
      ]);
      time.now += MINUTE;
      await store.advance();
      expect(await store.claim(ask())).toEqual([]);
      const { promises, next } = await fixture.other.recoverWaiting();
      const waiting = keyed.filter((_one, at) => at % 2 === 1).map(({ id }) => id);
      expect([promises.map(({ id }) => id).sort(), next]).toEqual([waiting.sort(), null]);
      for (const { id } of promises) {
        expect(await recoveriesOf(database, id)).toMatchObject([
          { reason: 'never-woken', decision: 'run-again', recoveredAt: T0 + MINUTE },
        ]);
      }
      await expectCountersRight(fixture);
      expect(await store.recoverWaiting()).toEqual({ promises: [], next: null });
      expect((await store.claim(ask())).map(({ id }) => id).sort()).toEqual(waiting);
    });

    it('counts a lane anew that would let too many in, and reports nobody', async () => {
      const fixture = await open();
      const { store, database } = fixture;
      await store.enqueue([1, 2, 3].map(() => make({ concurrencyKey: 'a' })));
      await claimOne(store);
      await database.write([{ sql: 'UPDATE lanes SET open = -1' }]);
      expect(await fixture.other.recoverWaiting()).toEqual({ promises: [], next: null });
      await expectCountersRight(fixture);
      expect(await store.claim(ask())).toEqual([]);
    });

    it('counts anew what runs in a queue that is full by its counter alone', async () => {
      const fixture = await open();
      const { store, database, time } = fixture;
      const queues = new Queues(database);
      await queues.set('q', { concurrency: 2 });
      await queues.set('busy', { concurrency: 1 });
      const held = [make({ queue: 'q' }), make({ queue: 'q', type: 'b', delay: 1_000 })];
      const later = make({ queue: 'q', delay: 2 * MINUTE });
      await store.enqueue([make({ queue: 'q' }), make({ queue: 'busy' }), make({ queue: 'busy' })]);
      await store.claim(ask({ leaseMs: 10 * MINUTE }));
      await store.enqueue([...held, later]);
      expect(await store.recoverWaiting()).toEqual({ promises: [], next: null });
      await database.write([
        { sql: "UPDATE lines SET in_progress = 2 WHERE queue = 'q' AND type = 'echo'" },
        { sql: "UPDATE lines SET in_progress = 5 WHERE queue = 'busy'" },
      ]);
      time.now += MINUTE;
      expect(await store.claim(ask())).toEqual([]);
      const { promises } = await fixture.other.recoverWaiting();
      const ids = held.map(({ id }) => id).sort();
      expect(promises.map(({ id }) => id).sort()).toEqual(ids);
      expect(await recoveriesOf(database, ids[0] ?? '')).toMatchObject([
        { reason: 'never-woken', decision: 'run-again', recoveredAt: T0 + MINUTE },
      ]);
      await expectCountersRight(fixture);
      expect(ids).toContain((await claimOne(store)).id);
      expect(await store.claim(ask())).toEqual([]);
    });

    it('looks at lanes slice by slice', async () => {
      const fixture = await open();
      const { store, database } = fixture;
      const keys = Array.from({ length: 600 }, (_, n) => `k${n}`);
      for (let n = 0; n < 2; n += 1) {
        await store.enqueue(keys.map((concurrencyKey) => make({ concurrencyKey })));
      }
      await database.write([{ sql: "UPDATE lanes SET open = 2 WHERE lane IN ('k0', 'k599')" }]);
      const first = await store.recoverWaiting();
      expect(first.next).toMatchObject({ parents: null, lane: ['default', 'k548'], turn: null });
      const second = await store.recoverWaiting(first.next ?? undefined);
      expect(second.next).toBeNull();
      await expectCountersRight(fixture);
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
