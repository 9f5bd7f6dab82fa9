import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { makeWebhookSecret } from '../../src/outbound/index.js';
import { startTarget } from '../outbound/target-server.js';
import { tempDir } from '../support/temp-dir.js';
import { openService, type TestService } from './fixture.js';

const local = { HOLDFAST_ALLOW_HOSTS: '127.0.0.1' };

async function make(service: TestService, fields: Record<string, unknown>): Promise<string> {
  const made = await service.ask('POST', '/v1/promises', { body: { type: 'echo', ...fields } });
  expect(made.status).toBe(201);
  return made.body.id;
}

const callbacks = async (service: TestService) =>
  (await service.ask('GET', '/v1/promises?type=callback')).body.data;

test('refuses a callback to where nothing may be called, and callbacks made by hand', async () => {
  const service = await openService();
  const callbackUrl = 'http://169.254.169.254/latest';
  const refused = await service.ask('POST', '/v1/promises', {
    body: { type: 'echo', callbackUrl },
  });
  expect([refused.status, refused.body.code]).toEqual([422, 'address-refused']);
  const batch = await service.ask('POST', '/v1/promises/batch', {
    body: { promises: [{ type: 'echo', callbackUrl: 'file:///etc/passwd' }] },
  });
  expect(batch.body.results[0].error.code).toBe('address-refused');
  const subscribed = await service.ask('POST', '/v1/subscriptions', {
    body: { url: 'http://localhost/', kinds: ['made'] },
  });
  expect([subscribed.status, subscribed.body.code]).toEqual([422, 'address-refused']);
  const event = { id: '1-0', kind: 'completed', promise: 'x', queue: 'q', type: 't', at: 0 };
  const forged = await service.ask('POST', '/v1/promises', {
    body: { type: 'callback', payload: { url: 'https://example.com', event } },
  });
  expect([forged.status, forged.body.code]).toEqual([422, 'input-invalid']);
});

test('a settled promise is told to its callbackUrl, signed by the secrets of the service', async () => {
  const [next, before] = [makeWebhookSecret(), makeWebhookSecret()];
  const target = await startTarget((response) => response.end());
  const service = await openService({
    env: { ...local, HOLDFAST_WEBHOOK_SECRETS: `${next},${before}` },
  });
  const id = await make(service, { payload: { a: 1 }, callbackUrl: `${target.origin}/told` });
  await service.keep();
  const [call, ...more] = target.received;
  expect(more).toEqual([]);
  expect(call).toMatchObject({ method: 'POST', path: '/told' });
  for (const secret of [next, before]) {
    const headers = call?.headers as Record<string, string>;
    expect(new Webhook(secret).verify(call?.body ?? '', headers)).toMatchObject({
      type: 'promise.completed',
      data: {
        event: { kind: 'completed', promise: id, queue: 'default', type: 'echo' },
        promise: { id, status: 'completed', result: { a: 1 } },
      },
    });
  }
  const [callback] = await callbacks(service);
  expect(callback).toMatchObject({
    status: 'completed',
    result: { status: 200 },
    queue: 'callbacks',
  });
  expect(call?.headers['webhook-id']).toBe(callback.id);
});

test('a callback is tried again with the same id, and is a dead letter when it is refused for good', async () => {
  const statuses = [503, 200, 400];
  const target = await startTarget((response) => {
    response.writeHead(statuses.shift() ?? 500).end();
  });
  const service = await openService({ env: local });
  await make(service, { callbackUrl: target.origin });
  await service.keep();
  const [waiting] = await callbacks(service);
  expect(waiting).toMatchObject({
    status: 'pending',
    attempt: 1,
    error: { code: 'response-not-ok' },
  });
  await service.ask('PATCH', `/v1/promises/${waiting.id}`, { body: { delay: 0 } });
  await service.keep();
  expect(new Set(target.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  await make(service, { callbackUrl: target.origin });
  await service.keep();
  const [dead] = await callbacks(service);
  expect(dead).toMatchObject({ status: 'failed', error: { details: { status: 400 } } });
});

test('with a key of encryption no secret stands in the database, and deliveries are signed all the same', async () => {
  const target = await startTarget((response) => response.end());
  const keys = ['a', 'b'].map((id) => `${id}:${Buffer.alloc(32, id).toString('base64')}`);
  const env = { ...local, HOLDFAST_ENCRYPTION_KEYS: keys[0] ?? '' };
  const service = await openService({ env });
  const { ask, services } = service;
  const url = `${target.origin}/callback-secret`;
  const subscribed = await ask('POST', '/v1/subscriptions', {
    body: { url: `${target.origin}/told`, kinds: ['completed'] },
  });
  const { id, secret } = subscribed.body;
  const rotated = await ask('POST', `/v1/subscriptions/${id}/rotate`);
  const origin = { channel: 'webhook', url: `${target.origin}/origin-secret` };
  await make(service, { callbackUrl: url, origin });
  const notify = { type: 'notify', delay: '1h', payload: { to: origin, text: 'hi' } };
  const { id: note } = (await ask('POST', '/v1/promises', { body: notify })).body;
  const patch = { payload: { to: origin, text: 'hello' }, delay: '0s' };
  expect((await ask('PATCH', `/v1/promises/${note}`, { body: patch })).status).toBe(200);
  const batch = { promises: [{ type: 'echo', callbackUrl: url }] };
  await ask('POST', '/v1/promises/batch', { body: batch });
  const promise = { type: 'echo', callbackUrl: url, origin };
  await ask('POST', '/v1/schedules', { body: { name: 's', every: '1h', promise } });
  const longUrl = `${origin.url}?${'x'.repeat(2_000)}`;
  const longer = { promise: { ...promise, origin: { channel: 'webhook', url: longUrl } } };
  for (const body of [longer, { every: '2h' }]) {
    expect((await ask('PATCH', '/v1/schedules/s', { body })).status).toBe(200);
  }
  await ask('POST', '/v1/schedules/s/trigger');
  await service.keep();
  const stored = await services.queue.read(
    ['subscriptions', 'callbacks', 'origins', 'promises', 'schedules', 'bodies'].map((table) => ({
      sql: `SELECT * FROM ${table}`,
    })),
  );
  const text = JSON.stringify(stored.map(({ rows }) => rows));
  expect(text).toContain('sealed:a:');
  for (const clear of ['callback-secret', 'origin-secret', secret, rotated.body.secret]) {
    expect(text).not.toContain(clear);
  }
  const told = target.received.filter(({ path }) => path === '/told');
  expect([target.received.length, told.length]).toEqual([12, 6]);
  const toOrigin = target.received.filter(({ path }) => path.startsWith('/origin-secret'));
  expect(toOrigin.map(({ path }) => path).sort()).toEqual([
    '/origin-secret',
    '/origin-secret',
    new URL(longUrl).pathname + new URL(longUrl).search,
  ]);
  for (const key of [secret, rotated.body.secret]) {
    const headers = told[0]?.headers as Record<string, string>;
    expect(new Webhook(key).verify(told[0]?.body ?? '', headers)).toBeDefined();
  }
  expect((await callbacks(service)).map(({ status }: { status: string }) => status)).toEqual(
    Array(9).fill('completed'),
  );
});

test('a callback whose key of encryption is missing waits for it', async () => {
  const directory = tempDir();
  const open = (HOLDFAST_ENCRYPTION_KEYS: string) =>
    openService({
      env: {
        ...local,
        HOLDFAST_ENCRYPTION_KEYS,
        HOLDFAST_API_KEY: 'k'.repeat(32),
        QUEUE_DATABASE_URL: `file:${join(directory, 'queue.db')}`,
      },
    });
  const keyOf = (id: string) => `${id}:${Buffer.alloc(32, id).toString('base64')}`;
  const target = await startTarget((response) => response.end());
  const body = { type: 'echo', callbackUrl: target.origin };
  const key = 'k'.repeat(32);
  const made = await (await open(keyOf('a'))).ask('POST', '/v1/promises', { body, key });
  expect(made.status).toBe(201);
  const other = await open(keyOf('b'));
  await other.keep();
  const listed = await other.ask('GET', '/v1/promises?type=callback', { key });
  expect(listed.body.data).toMatchObject([
    { status: 'pending', error: { code: 'payload-sealed' } },
  ]);
  expect(target.received).toEqual([]);
});

test('a redirect is not followed', async () => {
  const inside = await startTarget((response) => response.end());
  const target = await startTarget((response) => {
    response.writeHead(307, { location: inside.origin }).end();
  });
  const service = await openService({ env: local });
  await make(service, { callbackUrl: target.origin });
  await service.keep();
  expect(inside.received).toEqual([]);
  expect((await callbacks(service))[0]).toMatchObject({ status: 'failed' });
});

test('a subscription is told of what it asked for, signed by its own secret, also while that is rotated', async () => {
  const target = await startTarget((response) => response.end());
  const service = await openService({ env: local });
  const { ask } = service;
  const made = await ask('POST', '/v1/subscriptions', {
    body: { url: target.origin, kinds: ['failed', 'completed'], types: ['echo'], queues: ['q'] },
  });
  expect([made.status, made.body.paused]).toEqual([201, null]);
  const path = `/v1/subscriptions/${made.body.id}`;
  const rotated = await ask('POST', `${path}/rotate`, { body: { keep: '1h' } });
  expect(rotated.body.secret).not.toBe(made.body.secret);
  expect((await ask('GET', path)).body).not.toHaveProperty('secret');
  await make(service, {});
  const id = await make(service, { queue: 'q' });
  await service.keep();
  expect(target.received).toHaveLength(1);
  const [call] = target.received;
  for (const { secret } of [made.body, rotated.body]) {
    const headers = call?.headers as Record<string, string>;
    const told = new Webhook(secret).verify(call?.body ?? '', headers);
    expect(told).toMatchObject({ type: 'promise.completed', data: { promise: { id } } });
  }
  expect((await ask('PATCH', path, { body: { paused: true } })).body.paused).toBe('on request');
  await make(service, { queue: 'q' });
  await service.keep();
  expect(target.received).toHaveLength(1);
  expect((await ask('GET', '/v1/subscriptions')).body.data).toHaveLength(1);
  expect((await ask('DELETE', path)).body).toEqual({ id: made.body.id, deleted: true });
  expect((await ask('GET', path)).status).toBe(404);
});

test('a subscription whose URL answers 410 is paused', async () => {
  const target = await startTarget((response) => response.writeHead(410).end());
  const service = await openService({ env: local });
  const made = await service.ask('POST', '/v1/subscriptions', {
    body: { url: target.origin, kinds: ['completed'] },
  });
  await make(service, {});
  await service.keep();
  const { body } = await service.ask('GET', `/v1/subscriptions/${made.body.id}`);
  expect(body.paused).toBe('its URL answered 410');
  await make(service, {});
  await service.keep();
  expect(target.received).toHaveLength(1);
});

test('a webhook is signed by the secrets of the service', async () => {
  const secret = makeWebhookSecret();
  const target = await startTarget((response) => response.end());
  const service = await openService({ env: { ...local, HOLDFAST_WEBHOOK_SECRETS: secret } });
  const payload = { url: target.origin, body: { order: 17 } };
  await make(service, { type: 'webhook', payload });
  const forged = { ...payload, headers: { 'Webhook-Id': 'x' } };
  const refused = await service.ask('POST', '/v1/promises', {
    body: { type: 'webhook', payload: forged },
  });
  expect(refused.status).toBe(422);
  await service.keep();
  const [call] = target.received;
  const headers = call?.headers as Record<string, string>;
  expect(new Webhook(secret).verify(call?.body ?? '', headers)).toEqual({ order: 17 });
});
