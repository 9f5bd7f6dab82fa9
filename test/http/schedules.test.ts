import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTask } from '../../src/tasks/index.js';
import { openService } from './fixture.js';

const SCHEDULE = {
  name: 'report',
  cron: '30 2 * * *',
  timezone: 'Europe/Berlin',
  promise: { type: 'echo', payload: 'good night' },
};

describe('a schedule', () => {
  test.each([
    [{ cron: '61 * * * *' }, 'cron'],
    [{ cron: undefined }, 'cron'],
    [{ every: '1m' }, 'every'],
    [{ cron: undefined, timezone: undefined, every: '1500ms' }, 'every'],
    [{ timezone: 'Europe/Atlantis' }, 'timezone'],
    [{ name: 'a/b' }, 'name'],
    [{ overlap: 'maybe' }, 'overlap'],
    [{ missed: { policy: 'all', cap: 1_000 } }, 'missed.cap'],
    [{ dst: { gap: 'both' } }, 'dst.gap'],
    [{ jitter: '2d' }, 'jitter'],
    [{ startAt: '2030-01-02T00:00:00Z', endAt: '2030-01-01T00:00:00Z' }, 'endAt'],
    [{ endAt: '2001-01-01T00:00:00Z' }, 'endAt'],
    [{ promise: { type: 'echo', key: 'k' } }, 'promise.key'],
    [{ promise: { type: 'echo', runAt: '2030-01-01T00:00:00Z' } }, 'promise.runAt'],
    [{ promise: { type: 'webhook', payload: {} } }, 'payload.url'],
    [{ nonsense: 1 }, ''],
  ])('is refused with %o', async (over, path) => {
    const { ask } = await openService();
    const refused = await ask('POST', '/v1/schedules', { body: { ...SCHEDULE, ...over } });
    expect([refused.status, refused.body.issues?.[0]?.path]).toEqual([422, path]);
    expect((await ask('GET', '/v1/schedules')).body.data).toEqual([]);
  });

  test('is refused when what it makes is too large', async () => {
    const { ask } = await openService();
    const promise = { type: 'echo', payload: 'x'.repeat(70_000) };
    const refused = await ask('POST', '/v1/schedules', { body: { ...SCHEDULE, promise } });
    expect([refused.status, refused.body.issues[0].path]).toEqual([422, 'promise']);
  });

  test('is made, shown, listed, changed and deleted', async () => {
    const { ask } = await openService();
    const made = await ask('POST', '/v1/schedules', { body: SCHEDULE });
    expect(made.status).toBe(201);
    expect(made.headers.get('Location')).toBe('/v1/schedules/report');
    expect(made.body).toMatchObject({
      ...SCHEDULE,
      status: 'active',
      dst: { gap: 'after', fold: 'first' },
      every: null,
      overlap: 'allow',
      missed: { policy: 'latest', cap: 100, window: 86_400_000, grace: 120_000 },
    });
    expect(made.body.upcoming).toHaveLength(5);
    const twice = await ask('POST', '/v1/schedules', { body: SCHEDULE });
    expect([twice.status, twice.body.code]).toEqual([409, 'schedule-exists']);

    expect((await ask('GET', '/v1/schedules/report')).body).toEqual(made.body);
    const listed = await ask('GET', '/v1/schedules?limit=1');
    expect(listed.body).toEqual({ data: [made.body], nextCursor: null });

    const changed = await ask('PATCH', '/v1/schedules/report', {
      body: { every: '90s', overlap: 'skip', startAt: '2030-01-01T00:00:00Z' },
    });
    expect(changed.body).toMatchObject({
      cron: null,
      timezone: null,
      every: 90_000,
      overlap: 'skip',
      startAt: '2030-01-01T00:00:00.000Z',
    });
    expect(changed.body.upcoming.slice(0, 2)).toEqual([
      '2030-01-01T00:00:00.000Z',
      '2030-01-01T00:01:30.000Z',
    ]);
    const bare = await ask('PATCH', '/v1/schedules/report', { body: { startAt: null } });
    expect(bare.body.startAt).toBeNull();
    const refused = await ask('PATCH', '/v1/schedules/report', { body: { timezone: 'UTC' } });
    expect([refused.status, refused.body.issues[0].path]).toEqual([422, 'timezone']);

    expect((await ask('DELETE', '/v1/schedules/report')).body).toEqual({
      name: 'report',
      deleted: true,
    });
    expect((await ask('GET', '/v1/schedules/report')).status).toBe(404);
    expect((await ask('DELETE', '/v1/schedules/report')).status).toBe(404);
  });

  test('is paused, resumed and triggered', async () => {
    const { ask, keep } = await openService();
    await ask('POST', '/v1/schedules', { body: SCHEDULE });
    expect((await ask('POST', '/v1/schedules/report/pause')).body.status).toBe('paused');
    const made = await ask('POST', '/v1/schedules/report/trigger');
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ type: 'echo', metadata: { schedule: 'report' } });
    await keep();
    const kept = await ask('GET', made.headers.get('Location') ?? '');
    expect(kept.body).toMatchObject({ status: 'completed', result: 'good night' });
    expect((await ask('POST', '/v1/schedules/report/resume')).body.status).toBe('active');
    const { body } = await ask('GET', '/v1/schedules/report/occurrences');
    expect(body.data).toMatchObject([{ kind: 'manual', promise: made.body.id, slots: 1 }]);
    expect((await ask('POST', '/v1/schedules/nothing/trigger')).status).toBe(404);
  });

  test('keeps what its task encrypts and hides from the database and from answers', async () => {
    const tasks = ['sealed', 'hidden'].map((type) =>
      defineTask({
        type,
        input: z.object({ card: z.string() }),
        protect: type === 'sealed' ? { encrypt: true } : { redact: ['card'] },
        run: ({ card }) => ({ digits: card.length }),
      }),
    );
    const env = { HOLDFAST_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}` };
    const { ask, keep, services } = await openService({ tasks, env });
    const promise = { payload: { card: '4111-1111' } };
    for (const type of ['sealed', 'hidden']) {
      const body = { ...SCHEDULE, name: type, promise: { ...promise, type } };
      const made = await ask('POST', '/v1/schedules', { body });
      expect([made.status, JSON.stringify(made.body).includes('4111')]).toEqual([201, false]);
      expect((await ask('PATCH', `/v1/schedules/${type}`, { body: { jitter: '1s' } })).status).toBe(
        200,
      );
      const { body: triggered } = await ask('POST', `/v1/schedules/${type}/trigger`);
      await keep();
      expect((await ask('GET', `/v1/promises/${triggered.id}`)).body).toMatchObject({
        status: 'completed',
        result: { digits: 9 },
      });
    }
    const [rows] = await services.queue.read([{ sql: 'SELECT name, promise FROM schedules' }]);
    const sealed = rows?.rows.find((row) => row.name === 'sealed');
    expect(String(sealed?.promise)).not.toContain('4111');
  });

  test('is backfilled: told first, then made once', async () => {
    const { ask } = await openService();
    await ask('POST', '/v1/schedules', { body: SCHEDULE });
    const range = { from: '2025-03-29T00:00:00Z', to: '2025-03-31T12:00:00Z' };
    const told = await ask('POST', '/v1/schedules/report/backfill', {
      body: { ...range, dryRun: true },
    });
    // The clocks skip 02:30 on the 30th: that run is at the end of the gap.
    const slots = [
      '2025-03-29T01:30:00.000Z',
      '2025-03-30T01:00:00.000Z',
      '2025-03-31T00:30:00.000Z',
    ];
    expect(told.body).toEqual({
      dryRun: true,
      slots: slots.map((slotAt) => ({ slotAt, promise: null, known: false })),
    });
    const made = await ask('POST', '/v1/schedules/report/backfill', { body: range });
    const again = await ask('POST', '/v1/schedules/report/backfill', { body: range });
    expect(again.body.slots).toEqual(
      made.body.slots.map((slot: object) => ({ ...slot, known: true })),
    );
    expect((await ask('GET', '/v1/promises')).body.data).toHaveLength(3);
    const wrong = { from: range.to, to: range.from };
    expect((await ask('POST', '/v1/schedules/report/backfill', { body: wrong })).status).toBe(422);
  });
});
