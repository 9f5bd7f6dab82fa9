import { describe, expect, test } from 'vitest';
import { inspectKeySecret, makeKeySecret } from '../../src/records/index.js';
import { openService, type TestService } from './fixture.js';

const ECHO = { type: 'echo' };

async function makeKey(service: TestService, over: Readonly<Record<string, unknown>> = {}) {
  const made = await service.ask('POST', '/v1/keys', {
    body: { name: 'test', scopes: ['produce', 'consume', 'read'], ...over },
  });
  expect([made.status, made.body]).toEqual([201, expect.anything()]);
  return made.body as { readonly id: string; readonly key: string } & Record<string, unknown>;
}

describe('a key', () => {
  test('tells offline whether it is mistyped', () => {
    const key = makeKeySecret();
    expect(key).toMatch(/^hf_[0-9A-Za-z]{38}$/);
    expect(inspectKeySecret(key)).toBe('key');
    for (let at = 3; at < key.length; at += 1) {
      const other = key[at] === 'x' ? 'y' : 'x';
      expect(inspectKeySecret(key.slice(0, at) + other + key.slice(at + 1))).toBe('mistyped');
    }
    expect(inspectKeySecret(key.slice(0, -1))).toBe('mistyped');
    expect(inspectKeySecret('something else')).toBe('other');
    expect(new Set(Array.from({ length: 100 }, makeKeySecret)).size).toBe(100);
  });

  test('is shown once, and stored as a hash', async () => {
    const service = await openService();
    const { key, id, ...rest } = await makeKey(service);
    expect(rest).toMatchObject({
      tenant: '',
      queues: null,
      createdBy: 'bootstrap',
      hint: key.slice(0, 8),
    });
    const { body: listed } = await service.ask('GET', '/v1/keys');
    expect(listed.data).toEqual([{ id, ...rest }]);
    const [rows] = await service.services.system.read([{ sql: 'SELECT * FROM api_keys' }]);
    expect(JSON.stringify(rows?.rows)).not.toContain(key);
  });

  test('opens what its scopes say; what is mistyped, unknown or revoked is 401 and says which', async () => {
    const service = await openService();
    const { ask } = service;
    const { key, id } = await makeKey(service, { scopes: ['produce'] });
    expect((await ask('POST', '/v1/promises', { body: ECHO, key })).status).toBe(201);
    expect((await ask('GET', '/v1/promises', { key })).body.code).toBe('forbidden');
    const told = async (asked: string) =>
      (await ask('GET', '/v1/promises', { key: asked })).body.detail;
    expect(await told(key.slice(0, -1))).toContain('mistyped');
    expect(await told(makeKeySecret())).toContain('not known');
    expect((await ask('DELETE', `/v1/keys/${id}`)).body.revokedAt).not.toBeNull();
    expect(await told(key)).toContain('revoked');
    expect((await ask('DELETE', `/v1/keys/${id}`)).status).toBe(200);
    expect((await ask('DELETE', '/v1/keys/x')).body.code).toBe('not-found');
    expect((await ask('POST', `/v1/keys/${id}/rotate`)).status).toBe(422);
  });

  test('expires', async () => {
    const service = await openService();
    const { key } = await makeKey(service, { expiresAt: '2020-01-01T00:00:00Z' });
    const refused = await service.ask('GET', '/v1/promises', { key });
    expect([refused.status, refused.body.detail]).toEqual([401, 'this API key is expired']);
  });

  test('that is rotated is good in both forms for a while, then in the new one', async () => {
    const service = await openService();
    const { ask } = service;
    const before = await makeKey(service);
    const status = async (key: string) => (await ask('GET', '/v1/promises', { key })).status;
    const { body: after } = await ask('POST', `/v1/keys/${before.id}/rotate`);
    expect(after.previousUntil).not.toBeNull();
    expect([await status(before.key), await status(after.key)]).toEqual([200, 200]);
    const { body: last } = await ask('POST', `/v1/keys/${before.id}/rotate`, {
      body: { grace: 0 },
    });
    expect([await status(before.key), await status(after.key), await status(last.key)]).toEqual([
      401, 401, 200,
    ]);
  });

  test('says when it was last used, written at most once a minute', async () => {
    const service = await openService();
    const { key, id } = await makeKey(service);
    await service.ask('GET', '/v1/promises', { key });
    const lastUsedAt = async () => (await service.services.keys.get(id))?.lastUsedAt ?? null;
    await expect.poll(lastUsedAt).not.toBeNull();
    const first = await lastUsedAt();
    service.services.keyring.forget(id);
    await service.ask('GET', '/v1/promises', { key });
    expect(await lastUsedAt()).toBe(first);
  });

  test('is not looked up again for seconds, and goes on while the records are away', async () => {
    const service = await openService();
    const { key } = await makeKey(service);
    await service.ask('GET', '/v1/promises', { key });
    await service.services.system.close();
    expect((await service.ask('GET', '/v1/promises', { key })).status).toBe(200);
    expect((await service.ask('GET', '/v1/promises', { key: makeKeySecret() })).status).toBe(503);
    expect((await service.ask('GET', '/v1/promises')).status).toBe(200);
  });

  test('of some queues makes, sees and takes what is in them alone', async () => {
    const service = await openService();
    const { ask } = service;
    const { key } = await makeKey(service, { queues: ['mail', 'sms'] });
    const other = await ask('POST', '/v1/promises', {
      body: { type: 'x', queue: 'other', key: 'k' },
    });
    const own = await ask('POST', '/v1/promises', { body: { type: 'x', queue: 'mail' }, key });
    expect(own.status).toBe(201);
    const refused = [
      await ask('POST', '/v1/promises', { body: { type: 'x' }, key }),
      await ask('POST', '/v1/promises', { body: { type: 'x', queue: 'mail', key: 'k' }, key }),
      await ask('POST', '/v1/queues/other/claim', { body: { worker: 'w' }, key }),
      await ask('GET', '/v1/promises?queue=other', { key }),
      await ask('GET', '/v1/queues/other', { key }),
      await ask('POST', '/v1/schedules', { body: { name: 's', every: '1h', promise: ECHO }, key }),
      await ask('GET', '/v1/health', { key }),
    ];
    expect(refused.map(({ body }) => body.code)).toEqual(refused.map(() => 'forbidden'));
    expect((await ask('GET', `/v1/promises/${other.body.id}`, { key })).status).toBe(404);
    const { body: listed } = await ask('GET', '/v1/promises', { key });
    expect(listed.data.map(({ id }: { id: string }) => id)).toEqual([own.body.id]);
    const { body: batch } = await ask('POST', '/v1/promises/batch', {
      body: { promises: [{ type: 'x', queue: 'sms' }, ECHO] },
      key,
    });
    expect(batch.results).toMatchObject([{ status: 'pending' }, { error: { code: 'forbidden' } }]);
    const { body: queues } = await ask('GET', '/v1/queues', { key });
    expect(queues.data.map(({ name }: { name: string }) => name)).toEqual(['mail', 'sms']);
    const { body: claimed } = await ask('POST', '/v1/queues/mail/claim', {
      body: { worker: 'w' },
      key,
    });
    expect(claimed.claims).toMatchObject([{ id: own.body.id, queue: 'mail' }]);
  });

  test('with the scope admin cannot be limited to queues', async () => {
    const { ask } = await openService();
    const body = { name: 'a', scopes: ['admin'], queues: ['mail'] };
    expect((await ask('POST', '/v1/keys', { body })).body.issues[0].path).toBe('queues');
  });
});

test('what administers is in the audit log, done or refused, with who and on what', async () => {
  const service = await openService();
  const { ask } = service;
  const { id, key } = await makeKey(service, { name: 'the shop' });
  await ask('POST', '/v1/queues/mail/pause', { key });
  await ask('POST', '/v1/queues/mail/pause');
  await ask('POST', '/v1/promises', { body: ECHO });
  await ask('GET', '/v1/keys');
  const { body } = await ask('GET', '/v1/audit?limit=2');
  expect(body.data).toMatchObject([
    { action: 'pauseQueue', outcome: 'done', status: 200, code: null, key: { id: 'bootstrap' } },
    {
      action: 'pauseQueue',
      target: '/v1/queues/mail/pause',
      outcome: 'refused',
      status: 403,
      code: 'forbidden',
      key: { id, name: 'the shop' },
    },
  ]);
  const { body: rest } = await ask('GET', `/v1/audit?cursor=${body.nextCursor}`);
  expect(rest.data).toMatchObject([{ action: 'makeKey', target: '/v1/keys', outcome: 'done' }]);
  expect(rest.nextCursor).toBeNull();
});

test('a pause is possible while the records of it are away', async () => {
  const { ask, services } = await openService();
  await ask('GET', '/v1/promises');
  await services.system.close();
  expect((await ask('POST', '/v1/queues/mail/pause')).status).toBe(200);
});
