import { describe, expect, it } from 'vitest';
import { Schedules } from '../../src/promises/index.js';
import {
  expectCountersRight,
  HOUR,
  history,
  MINUTE,
  type Open,
  promisesOf,
  SECOND,
  schedule,
  settleDue,
  T0,
} from './fixture.js';

export function firingContract(open: Open): void {
  describe('firing', () => {
    it('makes nothing before its time', async () => {
      const fixture = await open();
      await fixture.schedules.create(schedule({ cron: '1 * * * *' }));
      expect(await fixture.schedules.fireDue()).toEqual({
        fired: [],
        cancelled: [],
        skipped: 0,
        more: false,
      });
      expect(await fixture.schedules.nextDueInMs()).toBe(MINUTE);
    });

    it('makes the promise of a slot, with everything that the schedule says of it', async () => {
      const fixture = await open();
      const { schedules, store } = fixture;
      const promise = {
        type: 'mail',
        payload: { to: 'x'.repeat(1_000) },
        queue: 'mails',
        priority: 2,
        delay: '5s',
        tags: ['daily'],
        metadata: { team: 'a' },
      };
      await schedules.create(schedule({ promise }));
      const report = await schedules.fireDue();
      expect(report).toMatchObject({ fired: [{ schedule: 'report', slotAt: T0 }], more: false });
      const made = await store.get(report.fired[0]?.promiseId ?? '');
      expect(made).toMatchObject({
        type: 'mail',
        payload: promise.payload,
        queue: 'mails',
        priority: 2,
        runAt: T0 + 5_000,
        metadata: { team: 'a', schedule: 'report', slot: '2027-01-15T08:00:00.000Z' },
      });
      await expectCountersRight(fixture);
    });

    it('fires a slot once, however many instances do at once', async () => {
      const fixture = await open();
      const { schedules, other, time } = fixture;
      for (let n = 0; n < 20; n += 1) await schedules.create(schedule({ name: `s${n}` }));
      for (let round = 0; round < 5; round += 1) {
        const instances = [schedules, other, schedules, other].map((one) => one.fireDue());
        const reports = await Promise.all(instances);
        expect(reports.flatMap((report) => report.fired)).toHaveLength(20);
        time.now += MINUTE;
      }
      const [rows] = await fixture.database.read([
        { sql: 'SELECT count(*) AS n, count(DISTINCT promise_id) AS made FROM occurrences' },
      ]);
      expect(rows?.rows[0]).toEqual({ n: 100, made: 100 });
      expect((await fixture.store.figures()).byStatus.pending).toBe(100);
      await expectCountersRight(fixture);
    });

    it('fires to the second, and all that came due since the last look', async () => {
      const fixture = await open();
      const { schedules, time } = fixture;
      await schedules.create(schedule({ cron: '*/15 * * * * *' }));
      time.now += MINUTE;
      expect((await schedules.fireDue()).fired.map((one) => one.slotAt - T0)).toEqual(
        [0, 15, 30, 45, 60].map((seconds) => seconds * SECOND),
      );
    });

    it('does not fire again what it has fired when the clock goes back or the times change', async () => {
      const fixture = await open();
      const { schedules, time } = fixture;
      await schedules.create(schedule());
      for (let n = 0; n < 3; n += 1) {
        await schedules.fireDue();
        time.now += MINUTE;
      }
      time.now = T0 + SECOND;
      await schedules.update('report', { cron: '*/1 * * * *' });
      for (let n = 0; n < 4; n += 1) {
        await schedules.fireDue();
        time.now += MINUTE;
      }
      expect(await history(fixture)).toEqual([
        '08:00:00 fired',
        '08:01:00 fired',
        '08:02:00 fired',
        '08:03:00 fired',
      ]);
      expect(await promisesOf(fixture)).toHaveLength(4);
    });

    it('ends with endAt', async () => {
      const { schedules, time } = await open();
      await schedules.create(schedule({ endAt: new Date(T0 + MINUTE).toISOString() }));
      await schedules.fireDue();
      time.now += HOUR;
      expect((await schedules.fireDue()).fired).toEqual([]);
      expect(await schedules.nextDueInMs()).toBeNull();
      expect((await schedules.get('report')).nextSlotAt).toBeNull();
    });

    it('spreads promises by a jitter that is the same for the same slot', async () => {
      const fixture = await open();
      const { schedules, time } = fixture;
      await schedules.create(schedule({ jitter: '30s' }));
      time.now += 20 * MINUTE;
      await schedules.update('report', { missed: 'all' });
      await schedules.fireDue();
      const offsets = (await promisesOf(fixture)).map((promise) => {
        const slotAt = Date.parse(String(promise.metadata?.slot));
        return promise.runAt - slotAt;
      });
      expect(offsets).toHaveLength(21);
      expect(new Set(offsets).size).toBeGreaterThan(10);
      for (const offset of offsets) expect(offset).toBeLessThanOrEqual(30_000);
    });
  });

  describe('missed slots', () => {
    const absent = async (missed: unknown, awayMs: number, over: object = {}) => {
      const fixture = await open();
      await fixture.schedules.create(schedule({ missed, ...over } as object));
      fixture.time.now += awayMs;
      const { skipped } = await fixture.schedules.fireDue();
      return { history: await history(fixture), skipped, fixture };
    };

    it('are on time within the grace, whatever the policy', async () => {
      const { history: seen } = await absent('skip', MINUTE + 30 * SECOND);
      expect(seen).toEqual(['08:00:00 fired', '08:01:00 fired']);
    });

    it('are left out by skip, each run of them recorded', async () => {
      const { history: seen, skipped } = await absent(
        { policy: 'skip', grace: '10s' },
        HOUR + 30 * SECOND,
      );
      expect(seen).toEqual(['08:00:00-09:00:00 missed 61']);
      expect(skipped).toBe(61);
    });

    it('are made up for by latest with the last one, unless one is on time', async () => {
      const late = { policy: 'latest', grace: '10s' };
      expect((await absent(late, HOUR + 30 * SECOND)).history).toEqual([
        '08:00:00-08:59:00 missed 60',
        '09:00:00 fired',
      ]);
      expect((await absent(late, HOUR + 5 * SECOND)).history).toEqual([
        '08:00:00-08:59:00 missed 60',
        '09:00:00 fired',
      ]);
    });

    it('are all fired by all, within its cap and its window', async () => {
      const capped = await absent({ policy: 'all', cap: 3, grace: '10s' }, HOUR + 30 * SECOND);
      expect(capped.history).toEqual([
        '08:00:00-08:57:00 missed 58',
        '08:58:00 fired',
        '08:59:00 fired',
        '09:00:00 fired',
      ]);
      const near = await absent({ policy: 'all', window: '5m', grace: '10s' }, HOUR + 30 * SECOND);
      expect(near.history).toEqual([
        '08:00:00-08:55:00 missed 56',
        ...['08:56:00', '08:57:00', '08:58:00', '08:59:00', '09:00:00'].map((at) => `${at} fired`),
      ]);
      await expectCountersRight(near.fixture);
    });

    it('cost the same after a month away, to the second', async () => {
      const { history: seen } = await absent('latest', 30 * 24 * HOUR, { cron: '* * * * * *' });
      expect(seen.slice(0, 2)).toEqual(['08:00:00-07:57:59 missed 1000', '07:58:00 fired']);
    });
  });

  describe('overlap', () => {
    const three = async (overlap: 'allow' | 'skip' | 'queue' | 'cancel') => {
      const fixture = await open();
      await fixture.schedules.create(schedule({ overlap }));
      await fixture.schedules.fireDue();
      fixture.time.now += MINUTE;
      await fixture.schedules.fireDue();
      return fixture;
    };

    it('makes both with allow', async () => {
      const promises = await promisesOf(await three('allow'));
      expect(promises.map((one) => one.status)).toEqual(['pending', 'pending']);
    });

    it('leaves the slot out with skip, until the promise before is settled', async () => {
      const fixture = await three('skip');
      await settleDue(fixture);
      fixture.time.now += MINUTE;
      await fixture.schedules.fireDue();
      expect(await history(fixture)).toEqual([
        '08:00:00 fired',
        '08:01:00-08:01:00 overlap 1',
        '08:02:00 fired',
      ]);
      await expectCountersRight(fixture);
    });

    it('runs one after the other with queue, also when one fails', async () => {
      const fixture = await three('queue');
      fixture.time.now += MINUTE;
      await fixture.schedules.fireDue();
      const before = await promisesOf(fixture);
      expect(before.map((one) => one.status)).toEqual(['pending', 'waiting', 'waiting']);
      await fixture.store.cancel(before[0]?.id ?? '');
      expect(await settleDue(fixture)).toBe(1);
      expect(await settleDue(fixture)).toBe(1);
      expect((await promisesOf(fixture)).map((one) => one.status)).toEqual([
        'cancelled',
        'completed',
        'completed',
      ]);
      await expectCountersRight(fixture);
    });

    it('cancels the one before with cancel, also while it runs', async () => {
      const fixture = await three('cancel');
      const ask = { token: crypto.randomUUID(), worker: 'w', limit: 9, leaseMs: 600_000 };
      const [running] = await fixture.store.claim(ask);
      fixture.time.now += MINUTE;
      const { database, time } = fixture;
      const told: string[] = [];
      const onCancelled = (ids: readonly string[]) => told.push(...ids);
      await new Schedules(database, { clock: () => time.now, onCancelled }).fireDue();
      expect(told).toContain(running?.id);
      expect((await promisesOf(fixture)).map((one) => one.status)).toEqual([
        'cancelled',
        'cancelled',
        'pending',
      ]);
      await expectCountersRight(fixture);
    });

    it('makes one of several that are due at once, with cancel the last, with skip the first', async () => {
      for (const [overlap, fired] of [
        ['cancel', 'T08:02:00'],
        ['skip', 'T08:00:00'],
      ] as const) {
        const fixture = await open();
        await fixture.schedules.create(schedule({ overlap }));
        fixture.time.now += 2 * MINUTE;
        await fixture.schedules.fireDue();
        const promises = await promisesOf(fixture);
        expect(promises).toHaveLength(1);
        expect(promises[0]?.metadata?.slot).toContain(fired);
      }
    });
  });

  describe('backfill', () => {
    const range = { from: T0 - HOUR, to: T0 - HOUR + 3 * MINUTE };

    it('tells in a dry run what it would make', async () => {
      const fixture = await open();
      await fixture.schedules.create(schedule());
      const told = await fixture.schedules.backfill('report', { ...range, dryRun: true });
      expect(told.slots).toEqual(
        [0, 1, 2].map((n) => ({ slotAt: range.from + n * MINUTE, promiseId: null, known: false })),
      );
      expect(await promisesOf(fixture)).toEqual([]);
    });

    it('fires each slot of the range once, also when it is asked for twice at once', async () => {
      const fixture = await open();
      const { schedules, other } = fixture;
      await schedules.create(schedule());
      const [one, two] = await Promise.all([
        schedules.backfill('report', range),
        other.backfill('report', range),
      ]);
      const ids = one.slots.map((slot) => slot.promiseId);
      expect(two?.slots.map((slot) => slot.promiseId)).toEqual(ids);
      expect(new Set(ids).size).toBe(3);
      const again = await schedules.backfill('report', range);
      expect(again.slots.map((slot) => slot.known)).toEqual([true, true, true]);
      expect(await promisesOf(fixture)).toHaveLength(3);
      await expectCountersRight(fixture);
    });

    it('leaves alone what was fired, and what is not due yet', async () => {
      const fixture = await open();
      const { schedules } = fixture;
      await schedules.create(schedule());
      await schedules.fireDue();
      const around = { from: T0 - MINUTE, to: T0 + HOUR };
      const { slots } = await schedules.backfill('report', around);
      expect(slots.map((slot) => [slot.slotAt - T0, slot.known])).toEqual([
        [-MINUTE, false],
        [0, true],
      ]);
      expect(await promisesOf(fixture)).toHaveLength(2);
    });

    it('runs its slots one after the other unless overlap is allowed', async () => {
      const fixture = await open();
      await fixture.schedules.create(schedule({ overlap: 'skip' }));
      await fixture.schedules.backfill('report', range);
      expect((await promisesOf(fixture)).map((one) => one.status)).toEqual([
        'pending',
        'waiting',
        'waiting',
      ]);
    });

    it('refuses a range of too many slots', async () => {
      const { schedules } = await open();
      await schedules.create(schedule());
      const wide = { from: T0 - 24 * HOUR, to: T0 };
      await expect(schedules.backfill('report', wide)).rejects.toMatchObject({
        code: 'input-invalid',
      });
    });
  });
}
