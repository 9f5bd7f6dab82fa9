import { describe, expect, it } from 'vitest';
import { ask, expectCountersRight, MINUTE, make, type Open, T0 } from './fixture.js';

export function claimingContract(open: Open): void {
  describe('claiming', () => {
    it('gives nothing when nothing is due, of another type, or of another queue', async () => {
      const { store, time } = await open();
      await store.enqueue([make({ delay: MINUTE }), make({ runAt: T0 + MINUTE })]);
      expect(await store.claim(ask())).toEqual([]);
      time.now += MINUTE;
      expect(await store.claim(ask({ types: ['other'] }))).toEqual([]);
      expect(await store.claim(ask({ queues: ['other'] }))).toEqual([]);
      expect(await store.claim(ask({ types: ['echo'], queues: ['default'] }))).toHaveLength(2);
    });

    it('gives first priorities first, and within one what is due longest', async () => {
      const { store, time } = await open();
      const [late, early, urgent] = [
        make({ delay: 20 }),
        make({ delay: 10, type: 'b' }),
        make({ delay: 30, priority: 1 }),
      ];
      await store.enqueue([late, early, urgent]);
      time.now += MINUTE;
      const claims = await store.claim(ask({ limit: 2 }));
      expect(claims.map((claim) => claim.id)).toEqual([urgent.id, early.id]);
      expect((await store.claim(ask())).map((claim) => claim.id)).toEqual([late.id]);
    });

    it('says of a running promise which version of its handler began it', async () => {
      const { store } = await open();
      const [first, other] = [make(), make({ type: 'no/version.yet' })];
      await store.enqueue([first, other]);
      await store.claim(ask({ versions: { echo: '2.1', 'a-b': "'; --" } }));
      expect(await store.get(first.id)).toMatchObject({ worker: 'w1', handlerVersion: '2.1' });
      expect(await store.get(other.id)).toMatchObject({ worker: 'w1', handlerVersion: null });
    });

    it('never gives one promise to two workers', async () => {
      const fixture = await open();
      await fixture.store.enqueue(Array.from({ length: 100 }, () => make()));
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          (n % 2 === 0 ? fixture.store : fixture.other).claim(ask()),
        ),
      );
      const ids = claims.flat().map((claim) => claim.id);
      expect(new Set(ids).size).toBe(100);
      expect(ids).toHaveLength(100);
      await expectCountersRight(fixture);
    });

    it('answers the same when the same claim is sent again', async () => {
      const fixture = await open();
      await fixture.store.enqueue([make(), make(), make()]);
      const one = ask({ limit: 2 });
      const claims = await fixture.store.claim(one);
      expect(claims).toHaveLength(2);
      expect(await fixture.other.claim(one)).toEqual(claims);
      await expectCountersRight(fixture);
    });

    it('stops before the payloads of one claim are too many to send', async () => {
      const { store } = await open();
      const payload = 'x'.repeat(1_000_000);
      await store.enqueue(Array.from({ length: 5 }, () => make({ payload })));
      const claims = await store.claim(ask());
      expect(claims).toHaveLength(3);
      expect(await store.claim(ask())).toHaveLength(2);
    });
  });
}
