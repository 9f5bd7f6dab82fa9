import { expect, test } from 'vitest';
import { ask } from './fixture.js';

const PROMISE = { type: 'edge-access', queue: 'access' };

test('a key opens what its scopes say, notes its use behind the answer, and is refused once revoked', async () => {
  const made = await ask('POST', '/v1/keys', {
    body: { name: 'edge', scopes: ['produce', 'read'] },
  });
  expect(made.status).toBe(201);
  const { id, key } = made.body;
  expect((await ask('POST', '/v1/promises', { key, body: PROMISE })).status).toBe(201);
  expect((await ask('POST', '/v1/queues/access/pause', { key })).body.code).toBe('forbidden');
  const used = (await ask('GET', '/v1/keys')).body.data.find(
    (one: { id: string }) => one.id === id,
  );
  expect(used.lastUsedAt).not.toBeNull();
  const rotated = await ask('POST', `/v1/keys/${id}/rotate`, { body: { grace: 0 } });
  expect((await ask('GET', '/v1/promises', { key })).body.detail).toContain('expired');
  expect((await ask('GET', '/v1/promises', { key: rotated.body.key })).status).toBe(200);
  await ask('DELETE', `/v1/keys/${id}`);
  expect((await ask('GET', '/v1/promises', { key: rotated.body.key })).status).toBe(401);
  const mistyped = await ask('GET', '/v1/promises', { key: key.slice(0, -1) });
  expect([mistyped.status, mistyped.body.detail]).toEqual([
    401,
    expect.stringContaining('mistyped'),
  ]);
  const { body: audit } = await ask('GET', '/v1/audit?limit=1');
  expect(audit.data).toMatchObject([{ action: 'revokeKey', outcome: 'done' }]);
});

test('a tenant sees its own on a server too', async () => {
  const keyOf = async (tenant: string) =>
    (await ask('POST', '/v1/keys', { body: { name: tenant, scopes: ['admin'], tenant } })).body.key;
  const [acme, rival] = [await keyOf('acme'), await keyOf('rival')];
  const made = await ask('POST', '/v1/promises', { key: acme, body: { ...PROMISE, key: 'k' } });
  expect(made.body).toMatchObject({ queue: 'access' });
  expect((await ask('GET', `/v1/promises/${made.body.id}`, { key: rival })).status).toBe(404);
  const idsOf = async (key: string) =>
    (await ask('GET', '/v1/promises', { key })).body.data.map(({ id }: { id: string }) => id);
  expect([await idsOf(acme), await idsOf(rival)]).toEqual([[made.body.id], []]);
  const other = await ask('POST', '/v1/promises', { key: rival, body: { ...PROMISE, key: 'k' } });
  expect([other.status, other.body.deduplicated]).toEqual([201, false]);
  const { body: queues } = await ask('GET', '/v1/queues', { key: rival });
  expect(queues.data).toMatchObject([{ name: 'access', counts: { pending: 1 } }]);
  const claim = { key: rival, body: { worker: 'w' } };
  const [claimed] = (await ask('POST', '/v1/queues/access/claim', claim)).body.claims;
  expect(claimed).toMatchObject({ id: other.body.id, queue: 'access' });
  const done = { fence: 1, result: 1 };
  const path = `/v1/promises/${claimed.id}/complete`;
  expect((await ask('POST', path, { key: acme, body: done })).status).toBe(404);
  expect((await ask('POST', path, { key: rival, body: done })).body.status).toBe('completed');
});

test('an Idempotency-Key is kept by the server, whichever invocation comes', async () => {
  const sent = { body: PROMISE, headers: { 'Idempotency-Key': '"edge-1"' } };
  const told = [await ask('POST', '/v1/promises', sent), await ask('POST', '/v1/promises', sent)];
  expect(told[1]?.body).toEqual(told[0]?.body);
  expect(told.map(({ headers }) => headers.get('Idempotency-Replayed'))).toEqual([null, 'true']);
  const other = { ...sent, body: { ...PROMISE, priority: 1 } };
  expect((await ask('POST', '/v1/promises', other)).body.code).toBe('idempotency-mismatch');
  const at = await Promise.all(
    [1, 2, 3].map(() =>
      ask('POST', '/v1/promises', { body: PROMISE, headers: { 'Idempotency-Key': 'edge-2' } }),
    ),
  );
  expect(new Set(at.filter(({ status }) => status === 201).map(({ body }) => body.id)).size).toBe(
    1,
  );
  const batch = {
    body: { promises: [PROMISE, PROMISE] },
    headers: { 'Idempotency-Key': 'edge-3' },
  };
  const first = await ask('POST', '/v1/promises/batch', batch);
  expect((await ask('POST', '/v1/promises/batch', batch)).body).toEqual(first.body);
});

test('a rate limit is counted in the isolate', async () => {
  const rateLimit = { limit: 2, period: '1h' };
  const body = { name: 'limited', scopes: ['read'], rateLimit };
  const { key } = (await ask('POST', '/v1/keys', { body })).body;
  const told = [1, 2, 3].map(() => ask('GET', '/v1/promises', { key }));
  const statuses = (await Promise.all(told)).map(({ status }) => status).sort();
  expect(statuses).toEqual([200, 200, 429]);
});
