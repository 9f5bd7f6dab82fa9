import { describe, expect, it } from 'vitest';
import { Schedules, schedulePatch, upcomingSlots } from '../../src/promises/index.js';
import {
  DAY,
  HOUR,
  history,
  MINUTE,
  type Open,
  promisesOf,
  SECOND,
  schedule,
  T0,
} from './fixture.js';

export function keepingContract(open: Open): void {
  describe('keeping schedules', () => {
    it('refuses a name that is taken, and a schedule that is never due', async () => {
      const { schedules } = await open();
      await schedules.create(schedule());
      await expect(schedules.create(schedule())).rejects.toMatchObject({ code: 'schedule-exists' });
      const never = schedule({ name: 'never', cron: '0 0 30 2 *' });
      await expect(schedules.create(never)).rejects.toMatchObject({ code: 'input-invalid' });
      const past = schedule({ name: 'past', endAt: new Date(T0 - DAY).toISOString() });
      await expect(schedules.create(past)).rejects.toMatchObject({ code: 'input-invalid' });
      expect(await schedules.find('never')).toBeUndefined();
    });

    it('knows nothing of a schedule that is not there', async () => {
      const { schedules } = await open();
      const missing = { code: 'not-found' };
      await expect(schedules.get('x')).rejects.toMatchObject(missing);
      await expect(schedules.pause('x')).rejects.toMatchObject(missing);
      await expect(schedules.resume('x')).rejects.toMatchObject(missing);
      await expect(schedules.update('x', {})).rejects.toMatchObject(missing);
      await expect(schedules.trigger('x')).rejects.toMatchObject(missing);
      await expect(schedules.backfill('x', { from: 0, to: 1 })).rejects.toMatchObject(missing);
      await expect(schedules.occurrences('x', { limit: 1 })).rejects.toMatchObject(missing);
      expect(await schedules.remove('x')).toBe(false);
    });

    it('is stored with every default, and its first slot', async () => {
      const { schedules } = await open();
      const made = await schedules.create(schedule({ timezone: 'Europe/Berlin' }));
      expect(made).toEqual(await schedules.get('report'));
      expect(made).toMatchObject({
        name: 'report',
        settings: {
          cron: '* * * * *',
          timezone: 'Europe/Berlin',
          dst: { gap: 'skip', fold: 'both' },
          missed: { policy: 'latest', cap: 100, windowMs: DAY, graceMs: 2 * MINUTE },
          overlap: 'allow',
          jitterMs: 0,
        },
        promise: { type: 'echo' },
        pausedAt: null,
        nextSlotAt: T0,
        createdAt: T0,
      });
      expect(upcomingSlots(made, 2)).toEqual([T0, T0 + MINUTE]);
      expect(await schedules.nextDueInMs()).toBe(0);
    });

    it('counts an interval from startAt, else from now; keeps within startAt and endAt', async () => {
      const { schedules } = await open();
      const plain = await schedules.create(schedule({ name: 'a', every: '90s' }));
      expect(upcomingSlots(plain, 2)).toEqual([T0 + 90_000, T0 + 180_000]);
      const bounded = await schedules.create(
        schedule({
          name: 'b',
          every: '1h',
          startAt: new Date(T0 + MINUTE).toISOString(),
          endAt: new Date(T0 + MINUTE + 2 * HOUR).toISOString(),
        }),
      );
      expect(upcomingSlots(bounded, 9)).toEqual([T0 + MINUTE, T0 + MINUTE + HOUR]);
    });

    it('lists by name, page by page', async () => {
      const { schedules } = await open();
      for (const name of ['c', 'a', 'b']) await schedules.create(schedule({ name }));
      const first = await schedules.list({ limit: 2 });
      expect(first.schedules.map((one) => one.name)).toEqual(['a', 'b']);
      const rest = await schedules.list({ limit: 2, cursor: first.nextCursor ?? '' });
      expect(rest.schedules.map((one) => one.name)).toEqual(['c']);
      expect(rest.nextCursor).toBeNull();
    });

    it('changes what is given, and takes away what is null', async () => {
      const { schedules } = await open();
      await schedules.create(schedule({ jitter: '10s', timezone: 'Asia/Kathmandu' }));
      const changed = await schedules.update('report', { overlap: 'skip', jitter: null });
      expect(changed.settings).toMatchObject({ overlap: 'skip', jitterMs: 0, cron: '* * * * *' });
      const hourly = await schedules.update('report', { every: HOUR });
      expect(hourly.settings).toMatchObject({ everyMs: HOUR, overlap: 'skip' });
      expect(hourly.nextSlotAt).toBe(T0 + HOUR);
      const back = await schedules.update('report', { cron: '5 * * * *' });
      expect(back.settings).toMatchObject({ cron: '5 * * * *', timezone: 'UTC' });
      expect(back.nextSlotAt).toBe(T0 + 5 * MINUTE);
      const refused = schedules.update('report', { cron: 'nonsense' });
      await expect(refused).rejects.toMatchObject({ code: 'input-invalid' });
      expect(schedulePatch.safeParse({ name: 'other' }).success).toBe(false);
    });

    it('does not lose a change to another that is made at the same time', async () => {
      const { schedules, other } = await open();
      await schedules.create(schedule());
      await Promise.all([
        schedules.update('report', { jitter: 5_000 }),
        other.update('report', { overlap: 'skip' }),
        schedules.pause('report'),
      ]);
      const { settings, pausedAt } = await schedules.get('report');
      expect(settings).toMatchObject({ jitterMs: 5_000, overlap: 'skip' });
      expect(pausedAt).toBe(T0);
    });

    it('fires nothing while paused, goes on from now, and records what was left out', async () => {
      const fixture = await open();
      const { schedules, time } = fixture;
      await schedules.create(schedule());
      await schedules.fireDue();
      await schedules.pause('report');
      expect(await schedules.nextDueInMs()).toBeNull();
      time.now += 3 * MINUTE + 30 * SECOND;
      expect((await schedules.fireDue()).fired).toEqual([]);
      await schedules.pause('report');
      await schedules.resume('report');
      await schedules.resume('report');
      expect((await schedules.fireDue()).fired).toEqual([]);
      time.now = T0 + 4 * MINUTE;
      await schedules.fireDue();
      expect(await history(fixture)).toEqual([
        '08:00:00 fired',
        '08:01:00-08:03:00 paused 3',
        '08:04:00 fired',
      ]);
    });

    it('makes its promise at once when triggered, paused or not', async () => {
      const fixture = await open();
      const { schedules, time } = fixture;
      await schedules.create(schedule({ overlap: 'skip', jitter: '1h' }));
      await schedules.pause('report');
      time.now += 1_234;
      const [one, two] = await Promise.all([
        schedules.trigger('report'),
        fixture.other.trigger('report'),
      ]);
      expect(one.id).not.toBe(two?.id);
      const slots = [one, two].map((promise) => promise?.metadata?.slot).sort();
      expect(slots).toEqual(['2027-01-15T08:00:01.234Z', '2027-01-15T08:00:01.235Z']);
      expect(one).toMatchObject({ status: 'pending', runAt: T0 + 1_234 });
      expect(await promisesOf(fixture)).toHaveLength(2);
    });

    it('begins anew when its name is used again', async () => {
      const fixture = await open();
      const { schedules } = fixture;
      await schedules.create(schedule());
      await schedules.fireDue();
      expect(await schedules.remove('report')).toBe(true);
      await schedules.create(schedule());
      await schedules.fireDue();
      expect(await history(fixture)).toEqual(['08:00:00 fired']);
      expect(await promisesOf(fixture)).toHaveLength(2);
    });

    it('prunes its history in slices', async () => {
      const fixture = await open();
      const { schedules, time } = fixture;
      await schedules.create(schedule());
      for (let n = 0; n < 5; n += 1) {
        await schedules.fireDue();
        time.now += MINUTE;
      }
      const ask = { olderThanMs: 3 * MINUTE, limit: 1 };
      expect(await schedules.prune(ask)).toEqual({ pruned: 1, done: false });
      expect(await schedules.prune(ask)).toEqual({ pruned: 1, done: false });
      expect(await schedules.prune(ask)).toEqual({ pruned: 0, done: true });
      expect(await history(fixture)).toHaveLength(3);
    });

    it('tells listeners of what changes, and its maker of promises', async () => {
      const { database } = await open();
      const calls: string[] = [];
      const schedules = new Schedules(database, {
        clock: () => T0,
        onMade: () => calls.push('made'),
      });
      const stop = schedules.onChange(() => calls.push('changed'));
      await schedules.create(schedule());
      await schedules.fireDue();
      await schedules.fireDue();
      await schedules.trigger('report');
      expect(calls).toEqual(['changed', 'made', 'made']);
      stop();
    });
  });
}
