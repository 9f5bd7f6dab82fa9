import { describe, expect, test } from 'vitest';
import { openService, type TestService } from './fixture.js';

const CLAIM = '/v1/queues/mail/claim';

async function make(service: TestService, fields: Record<string, unknown> = {}): Promise<string> {
  const body = { type: 'mail', queue: 'mail', payload: { to: 'a' }, ...fields };
  return (await service.ask('POST', '/v1/promises', { body })).body.id;
}

async function claim(service: TestService, fields: Record<string, unknown> = {}) {
  const { body } = await service.ask('POST', CLAIM, {
    body: { worker: 'w-1', limit: 10, ...fields },
  });
  return body.claims as { id: string; fence: number; attempt: number; leaseExpiresAt: string }[];
}

describe('a claim', () => {
  test('of a queue without anything due, or never seen, is an empty list', async () => {
    const service = await openService();
    await make(service, { delay: '1h' });
    expect(await claim(service)).toEqual([]);
    const unseen = await service.ask('POST', '/v1/queues/unseen/claim', { body: { worker: 'w' } });
    expect([unseen.status, unseen.body]).toEqual([200, { claims: [] }]);
  });

  test('gives what is due for a lease, first priorities first, each once', async () => {
    const service = await openService();
    const later = await make(service, { priority: 9 });
    const first = await make(service, { priority: 1 });
    const [one, ...rest] = await claim(service, { limit: 1, lease: '1m' });
    expect(rest).toEqual([]);
    expect(one).toMatchObject({
      id: first,
      type: 'mail',
      payload: { to: 'a' },
      attempt: 1,
      fence: 1,
    });
    expect((await claim(service)).map(({ id }) => id)).toEqual([later]);
    expect(await claim(service)).toEqual([]);
    const { body } = await service.ask('GET', `/v1/promises/${first}`);
    expect(body).toMatchObject({ status: 'in_progress', worker: 'w-1' });
    expect(body.leaseExpiresAt).toBe(one?.leaseExpiresAt);
  });

  test('with wait is answered when something comes', async () => {
    const service = await openService();
    const waiting = claim(service, { wait: '30s' });
    const id = await make(service);
    expect((await waiting).map((one) => one.id)).toEqual([id]);
  });

  test('with wait is answered when what is made already comes due', async () => {
    const service = await openService();
    const id = await make(service, { delay: '700ms' });
    const begunAt = performance.now();
    expect((await claim(service, { wait: '30s' })).map((one) => one.id)).toEqual([id]);
    expect(performance.now() - begunAt).toBeLessThan(20_000);
  });

  test('of other types leaves them', async () => {
    const service = await openService();
    await make(service);
    expect(await claim(service, { types: ['letter'] })).toEqual([]);
    expect(await claim(service, { types: ['letter', 'mail'] })).toHaveLength(1);
  });
});

describe('an attempt', () => {
  test('is refused with another fence, whatever is asked', async () => {
    const service = await openService();
    const id = await make(service);
    await claim(service);
    for (const [verb, fields] of [
      ['heartbeat', {}],
      ['complete', { result: 1 }],
      ['fail', { error: 'x' }],
      ['snooze', { delay: '1s' }],
    ] as const) {
      const refused = await service.ask('POST', `/v1/promises/${id}/${verb}`, {
        body: { fence: 7, ...fields },
      });
      expect([verb, refused.status, refused.body.code]).toEqual([verb, 409, 'lease-lost']);
    }
    expect((await service.ask('GET', `/v1/promises/${id}`)).body.status).toBe('in_progress');
  });

  test('is kept alive by heartbeats and completed with its result; sent again, the answer is the same', async () => {
    const service = await openService();
    const id = await make(service);
    const [held] = await claim(service, { lease: '5s' });
    const fence = held?.fence;
    const beat = await service.ask('POST', `/v1/promises/${id}/heartbeat`, {
      body: { fence, lease: '10m' },
    });
    expect(beat.status).toBe(200);
    const extendedMs =
      Date.parse(beat.body.leaseExpiresAt) - Date.parse(held?.leaseExpiresAt ?? '');
    expect(extendedMs).toBeGreaterThan(500_000);
    const complete = { body: { fence, result: { sent: true } } };
    const done = await service.ask('POST', `/v1/promises/${id}/complete`, complete);
    expect(done.body).toMatchObject({ status: 'completed', result: { sent: true } });
    const again = await service.ask('POST', `/v1/promises/${id}/complete`, complete);
    expect([again.status, again.body]).toEqual([200, done.body]);
  });

  test('that fails is tried again, or not when told so', async () => {
    const service = await openService();
    const id = await make(service);
    const [held] = await claim(service);
    const failed = await service.ask('POST', `/v1/promises/${id}/fail`, {
      body: { fence: held?.fence, error: { code: 'smtp-down', message: 'no answer' }, delay: '1h' },
    });
    expect(failed.body).toMatchObject({ status: 'pending', error: { code: 'smtp-down' } });
    const other = await make(service);
    const [second] = await claim(service);
    expect(second?.id).toBe(other);
    const dead = await service.ask('POST', `/v1/promises/${other}/fail`, {
      body: { fence: second?.fence, error: 'bad address', retryable: false },
    });
    expect(dead.body).toMatchObject({
      status: 'failed',
      error: { code: 'run-failed', message: 'bad address' },
    });
  });

  test('that is snoozed burns none', async () => {
    const service = await openService();
    const id = await make(service);
    const [held] = await claim(service);
    const snoozed = await service.ask('POST', `/v1/promises/${id}/snooze`, {
      body: { fence: held?.fence, delay: 0 },
    });
    expect(snoozed.body).toMatchObject({ status: 'pending', attempt: 0 });
    expect((await claim(service))[0]).toMatchObject({ id, attempt: 1, fence: 2 });
  });

  test('is lost when its promise is cancelled', async () => {
    const service = await openService();
    const id = await make(service);
    const [held] = await claim(service);
    expect((await service.ask('POST', `/v1/promises/${id}/cancel`)).body.status).toBe('cancelled');
    const late = await service.ask('POST', `/v1/promises/${id}/complete`, {
      body: { fence: held?.fence },
    });
    expect(late.body.code).toBe('lease-lost');
  });
});

test('a completion with children that is sent again makes them once', async () => {
  const service = await openService();
  const id = await make(service);
  const [held] = await claim(service);
  const child = { id: '01890a5d-ac96-774b-bcce-b302099a8057', type: 'letter', delay: '1h' };
  const settlement = { id, fence: held?.fence, outcome: 'complete', children: [child] };
  const send = async (...settlements: unknown[]) =>
    (await service.ask('POST', '/v1/settlements', { body: { settlements } })).body.results;
  expect(await send({ ...settlement, fence: 99 })).toMatchObject([{ applied: false }]);
  expect((await service.ask('GET', `/v1/promises/${child.id}`)).status).toBe(404);
  for (let times = 0; times < 2; times += 1) {
    expect(await send(settlement)).toMatchObject([{ applied: true, status: 'completed' }]);
  }
  const { body } = await service.ask('GET', '/v1/promises?type=letter');
  expect(body.data).toMatchObject([{ id: child.id, status: 'pending' }]);
});

test('a completion of one takes children as settlements do', async () => {
  const service = await openService();
  const id = await make(service);
  const [held] = await claim(service);
  const child = { id: '01890a5d-ac96-774b-bcce-b302099a8057', type: 'letter', delay: '1h' };
  const body = { fence: held?.fence, result: 1, children: [child] };
  const path = `/v1/promises/${id}/complete`;
  const consumer = { name: 'k', scopes: ['consume', 'read'] };
  const { key } = (await service.ask('POST', '/v1/keys', { body: consumer })).body;
  const refused = await service.ask('POST', path, { body, key });
  expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
  const callbackUrl = 'http://169.254.169.254/';
  const inside = { ...body, children: [{ ...child, callbackUrl }] };
  expect((await service.ask('POST', path, { body: inside })).body.code).toBe('address-refused');
  const late = await service.ask('POST', path, { body: { ...body, fence: 99 } });
  expect(late.body.code).toBe('lease-lost');
  expect((await service.ask('GET', `/v1/promises/${child.id}`)).status).toBe(404);
  for (let times = 0; times < 2; times += 1) {
    const done = await service.ask('POST', path, { body });
    expect(done.body).toMatchObject({ status: 'completed', result: 1 });
  }
  const made = await service.ask('GET', '/v1/promises?type=letter');
  expect(made.body.data).toMatchObject([{ id: child.id, status: 'pending' }]);
});

test('settlements answer one result an item; a second one for the same promise is refused', async () => {
  const service = await openService();
  for (let index = 0; index < 4; index++) await make(service);
  const held = await claim(service);
  const [a, b, c, d] = held.map(({ id, fence }) => ({ id, fence }));
  const settlements = [
    { ...a, outcome: 'complete', result: 1 },
    { ...b, outcome: 'fail', error: 'x', retryable: false },
    { ...c, outcome: 'snooze', delay: '1h' },
    { ...d, outcome: 'cancel' },
    { ...a, outcome: 'fail', error: 'too late' },
    { ...b, id: '01890a5d-ac96-774b-bcce-b302099a8057', outcome: 'complete' },
  ];
  const { status, body } = await service.ask('POST', '/v1/settlements', { body: { settlements } });
  expect(status).toBe(200);
  expect(body.results).toMatchObject([
    { applied: true, status: 'completed' },
    { applied: true, status: 'failed' },
    { applied: true, status: 'pending' },
    { applied: true, status: 'cancelled' },
    { applied: false, error: { status: 409, code: 'lease-lost' } },
    { applied: false, error: { status: 404, code: 'not-found' } },
  ]);
});
