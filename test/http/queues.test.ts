import { describe, expect, test } from 'vitest';
import { openService, type TestService } from './fixture.js';

const claim = async ({ ask }: TestService, queue: string) =>
  (await ask('POST', `/v1/queues/${queue}/claim`, { body: { worker: 'w', limit: 100 } })).body
    .claims as { id: string; fence: number; leaseExpiresAt: string }[];

const make = ({ ask }: TestService, fields: Record<string, unknown>) =>
  ask('POST', '/v1/promises', { body: { type: 'mail', queue: 'mail', ...fields } });

describe('a queue', () => {
  test('refuses settings that break a rule, naming the field', async () => {
    const { ask } = await openService();
    for (const [body, path] of [
      [{ concurrency: 0 }, 'concurrency'],
      [{ rate: { limit: 5, period: 'soon' } }, 'rate.period'],
      [{ perKey: { order: 'random' } }, 'perKey.order'],
      [{ lease: '13h' }, 'lease'],
      [{ speed: 1 }, ''],
    ] as const) {
      const told = await ask('PUT', '/v1/queues/mail', { body });
      expect([told.status, told.body.code]).toEqual([422, 'input-invalid']);
      expect(told.body.issues[0].path).toBe(path);
    }
  });

  test('that was never named has the defaults and holds nothing', async () => {
    const { ask } = await openService();
    const { status, body } = await ask('GET', '/v1/queues/unseen');
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: 'unseen', paused: false, concurrency: null, rate: null });
    expect(body.perKey).toEqual({ concurrency: null, rate: null, order: 'due' });
    expect(body.counts.pending).toBe(0);
  });

  test('keeps what is set, field by field, and shows what it holds', async () => {
    const service = await openService();
    const { ask } = service;
    await make(service, {});
    const rate = { limit: 10, period: '1s' };
    await ask('PUT', '/v1/queues/mail', { body: { concurrency: 3, rate, lease: '1m' } });
    await ask('PUT', '/v1/queues/mail', { body: { perKey: { concurrency: 2 }, rate: null } });
    const { body } = await ask('GET', '/v1/queues/mail');
    expect(body).toMatchObject({ concurrency: 3, rate: null, lease: 60_000 });
    expect(body.perKey.concurrency).toBe(2);
    expect(body.counts.pending).toBe(1);
    const list = await ask('GET', '/v1/queues');
    expect(list.body).toMatchObject({ data: [{ name: 'mail' }], nextCursor: null });
  });

  test('gives no more than its concurrency, and leases of its own length', async () => {
    const service = await openService();
    await service.ask('PUT', '/v1/queues/mail', { body: { concurrency: 2, lease: '10m' } });
    for (let n = 0; n < 4; n += 1) await make(service, {});
    const claims = await claim(service, 'mail');
    expect(claims).toHaveLength(2);
    const leftMs = Date.parse(claims[0]?.leaseExpiresAt ?? '') - Date.now();
    expect(leftMs).toBeGreaterThan(500_000);
    expect(await claim(service, 'mail')).toEqual([]);
  });

  test('is paused and resumed; so is a type in all queues', async () => {
    const service = await openService();
    const { ask } = service;
    await make(service, {});
    expect((await ask('POST', '/v1/queues/mail/pause')).body.paused).toBe(true);
    expect(await claim(service, 'mail')).toEqual([]);
    expect((await ask('POST', '/v1/queues/mail/resume')).body.paused).toBe(false);
    expect((await ask('POST', '/v1/types/mail/pause')).body).toMatchObject({ paused: true });
    expect(await claim(service, 'mail')).toEqual([]);
    expect((await ask('GET', '/v1/types')).body.data).toMatchObject([
      { type: 'mail', paused: true, counts: { pending: 1 } },
    ]);
    await ask('POST', '/v1/types/mail/resume');
    expect(await claim(service, 'mail')).toHaveLength(1);
  });

  test('runs one of a concurrencyKey at a time; the others wait for their lane', async () => {
    const service = await openService();
    const first = await make(service, { concurrencyKey: 'customer-1' });
    const second = await make(service, { concurrencyKey: 'customer-1' });
    expect(first.body).toMatchObject({ status: 'pending', concurrencyKey: 'customer-1' });
    expect(second.body).toMatchObject({ status: 'waiting', waitsFor: 'lane' });
    const [one] = await claim(service, 'mail');
    expect(await claim(service, 'mail')).toEqual([]);
    const complete = `/v1/promises/${one?.id}/complete`;
    await service.ask('POST', complete, { body: { fence: one?.fence } });
    expect(await claim(service, 'mail')).toMatchObject([{ id: second.body.id }]);
  });
});
