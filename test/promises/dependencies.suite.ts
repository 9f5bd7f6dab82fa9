import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import type { PromiseStore } from '../../src/promises/index.js';
import { ask, claimOne, expectCountersRight, make, type Open } from './fixture.js';

async function complete(store: PromiseStore, type: string, result: unknown = null) {
  const { id, fence } = await claimOne(store, { types: [type] });
  await store.settle([{ id, fence, outcome: 'complete', result: result as never }]);
}

async function fail(store: PromiseStore, type: string) {
  const { id, fence } = await claimOne(store, { types: [type] });
  const error = { code: 'x', message: 'x' };
  await store.settle([{ id, fence, outcome: 'fail', retryable: false, error }]);
}

export function dependenciesContract(open: Open): void {
  describe('dependencies', () => {
    it('refuses a parent that there is not, itself, and a circle, and makes nothing', async () => {
      const { store } = await open();
      const [a, b] = [uuidv7(), uuidv7()];
      for (const items of [
        [make({ dependsOn: [uuidv7()] })],
        [make({ id: a, dependsOn: [a] })],
        [make({ id: a, dependsOn: [b] }), make({ id: b, dependsOn: [a] })],
      ]) {
        await expect(store.enqueue(items)).rejects.toMatchObject({ code: 'input-invalid' });
      }
      expect((await store.list({ limit: 10 })).promises).toEqual([]);
    });

    it('waits for all parents, also when one set settles several of them', async () => {
      const fixture = await open();
      const { store } = fixture;
      const parents = [make({ type: 'p' }), make({ type: 'p' }), make({ type: 'q' })];
      const child = make({ type: 'c', dependsOn: parents.map(({ id }) => id) });
      const made = await store.enqueue([...parents, child]);
      expect(made[3]?.promise).toMatchObject({ status: 'waiting', waitsFor: 'parents' });
      const claims = await store.claim(ask({ types: ['p'] }));
      await store.settle(
        claims.map(({ id, fence }, result) => ({ id, fence, outcome: 'complete', result })),
      );
      expect((await store.get(child.id))?.status).toBe('waiting');
      await complete(store, 'q', 'x'.repeat(1_000));
      expect((await store.get(child.id))?.status).toBe('pending');
      expect(await store.parents(child.id)).toMatchObject([
        { type: 'p', result: 0 },
        { type: 'p', result: 1 },
        { type: 'q', result: 'x'.repeat(1_000) },
      ]);
      await expectCountersRight(fixture);
    });

    it.each([
      ['fail', 'failed'],
      ['cancel', 'cancelled'],
      ['run', 'pending'],
    ] as const)('when a parent fails: %s', async (onParentFailure, status) => {
      const fixture = await open();
      const { store } = fixture;
      const parent = make({ type: 'p' });
      const other = make({ type: 'slow' });
      const dependsOn = onParentFailure === 'run' ? [parent.id] : [parent.id, other.id];
      const child = make({ type: 'c', dependsOn, onParentFailure });
      const grandchild = make({ type: 'g', dependsOn: [child.id] });
      await store.enqueue([parent, other, child, grandchild]);
      await fail(store, 'p');
      expect(await store.get(child.id)).toMatchObject({ status });
      const next = onParentFailure === 'run' ? 'waiting' : 'failed';
      expect((await store.get(grandchild.id))?.status).toBe(next);
      // Made after the fact it is the same, at once.
      const late = make({ type: 'l', dependsOn: [parent.id], onParentFailure });
      expect((await store.enqueue([late]))[0]?.promise.status).toBe(status);
      await expectCountersRight(fixture);
    });

    it('is due at once when all parents are kept already, or gone', async () => {
      const { store, time } = await open();
      const parent = make({ type: 'p' });
      await store.enqueue([parent]);
      await complete(store, 'p');
      const [child] = await store.enqueue([make({ dependsOn: [parent.id] })]);
      expect(child?.promise.status).toBe('pending');
      const waiting = make({ type: 'w', dependsOn: [parent.id, child?.promise.id ?? ''] });
      await store.enqueue([waiting]);
      time.now += 1_000;
      await store.prune({ settledBeforeMs: 1 });
      await complete(store, 'echo');
      expect((await store.get(waiting.id))?.status).toBe('pending');
    });

    it('tells more dependents than one slice holds', async () => {
      const fixture = await open();
      const { store } = fixture;
      const parent = make({ type: 'p' });
      await store.enqueue([parent]);
      await store.enqueue(Array.from({ length: 900 }, () => make({ dependsOn: [parent.id] })));
      await store.enqueue(Array.from({ length: 300 }, () => make({ dependsOn: [parent.id] })));
      expect((await store.figures()).byStatus.waiting).toBe(1_200);
      await complete(store, 'p');
      expect((await store.figures()).byStatus).toMatchObject({ waiting: 0, pending: 1_200 });
      await expectCountersRight(fixture);
    });

    it('finds in recovery what a crash kept from being told', async () => {
      const { store, database } = await open();
      const parent = make({ type: 'p' });
      const child = make({ dependsOn: [parent.id] });
      await store.enqueue([parent, child]);
      // The write of the settlement came through, nothing after it did.
      const now = "status = 'completed', settled_at = 1, release_due = 1";
      await database.write([
        { sql: `UPDATE promises SET ${now} WHERE id = ?1`, args: [parent.id] },
      ]);
      await store.recover();
      expect((await store.get(child.id))?.status).toBe('pending');
    });
  });
}
