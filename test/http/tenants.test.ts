import { expect, test } from 'vitest';
import { openService, type TestService } from './fixture.js';

async function keyOf({ ask }: TestService, tenant: string): Promise<string> {
  const body = { name: tenant, scopes: ['admin'], tenant };
  return (await ask('POST', '/v1/keys', { body })).body.key;
}

async function twoTenants() {
  const service = await openService();
  return {
    service,
    ...service,
    acme: await keyOf(service, 'acme'),
    rival: await keyOf(service, 'rival'),
  };
}

test('the same key, queue and schedule are each tenant’s own', async () => {
  const { ask, key, acme, rival } = await twoTenants();
  const promise = { type: 'x', queue: 'mail', key: 'order-17', payload: 1 };
  const ids = new Set<string>();
  for (const asked of [key, acme, rival]) {
    const made = await ask('POST', '/v1/promises', { body: promise, key: asked });
    expect([made.status, made.body.queue]).toEqual([201, 'mail']);
    ids.add(made.body.id);
    const again = await ask('POST', '/v1/promises', { body: promise, key: asked });
    expect(again.body).toMatchObject({ id: made.body.id, deduplicated: true, queue: 'mail' });
    const schedule = { name: 'nightly', every: '1h', promise: { type: 'x', queue: 'mail' } };
    const created = await ask('POST', '/v1/schedules', { body: schedule, key: asked });
    expect(created.body).toMatchObject({ name: 'nightly', promise: { queue: 'mail' } });
    const twice = await ask('POST', '/v1/schedules', { body: schedule, key: asked });
    expect([twice.status, twice.body.detail]).toEqual([409, 'there is a schedule nightly already']);
  }
  expect(ids.size).toBe(3);
});

test('unique fields and keys that look like another tenant’s are apart too', async () => {
  const { ask, key, acme } = await twoTenants();
  const fields = { type: 'x', payload: { a: 1 }, unique: { fields: ['a'] } };
  for (const asked of [key, acme]) {
    expect((await ask('POST', '/v1/promises', { body: fields, key: asked })).status).toBe(201);
  }
  const own = { type: 'y', key: 'k' };
  const forged = { type: 'y', key: '@acme/k' };
  expect((await ask('POST', '/v1/promises', { body: own, key: acme })).status).toBe(201);
  expect((await ask('POST', '/v1/promises', { body: forged })).status).toBe(201);
});

test('lists go through all of a tenant’s own, page by page', async () => {
  const { ask, key, acme } = await twoTenants();
  for (const asked of [key, acme]) {
    const promises = Array.from({ length: 7 }, (_, n) => ({
      type: 'x',
      payload: n,
      queue: `q${n}`,
    }));
    await ask('POST', '/v1/promises/batch', { body: { promises }, key: asked });
    for (let n = 0; n < 3; n += 1) {
      const schedule = { name: `s${n}`, every: '1h', promise: { type: 'x' } };
      await ask('POST', '/v1/schedules', { body: schedule, key: asked });
    }
  }
  for (const asked of [key, acme]) {
    for (const [path, length] of [
      ['promises', 7],
      ['queues', 8],
      ['schedules', 3],
    ] as const) {
      const seen: unknown[] = [];
      let cursor = '';
      do {
        const { body } = await ask('GET', `/v1/${path}?limit=2${cursor}`, { key: asked });
        seen.push(...body.data.map((one: { id?: string; name?: string }) => one.id ?? one.name));
        cursor = body.nextCursor === null ? '' : `&cursor=${encodeURIComponent(body.nextCursor)}`;
      } while (cursor !== '');
      expect([path, new Set(seen).size, seen.length]).toEqual([
        path,
        path === 'queues' ? 7 : length,
        seen.length,
      ]);
      expect(JSON.stringify(seen)).not.toContain('@');
    }
  }
});

test('a schedule is changed, triggered and looked at by its tenant’s name for it', async () => {
  const { ask, acme } = await twoTenants();
  const body = { name: 'nightly', every: '1h', promise: { type: 'x', queue: 'mail' } };
  await ask('POST', '/v1/schedules', { body, key: acme });
  const changed = await ask('PATCH', '/v1/schedules/nightly', { body: { every: '2h' }, key: acme });
  expect(changed.body).toMatchObject({ name: 'nightly', promise: { queue: 'mail' } });
  const fired = await ask('POST', '/v1/schedules/nightly/trigger', { key: acme });
  expect(fired.body).toMatchObject({ queue: 'mail', metadata: { schedule: 'nightly' } });
  expect((await ask('POST', '/v1/schedules/nightly/pause', { key: acme })).status).toBe(200);
  expect((await ask('DELETE', '/v1/schedules/nightly', { key: acme })).status).toBe(200);
  const gone = await ask('GET', '/v1/schedules/nightly', { key: acme });
  expect([gone.status, gone.body.detail]).toEqual([404, 'there is no schedule "nightly"']);
});

test('a pause, a limit and a claim are of one tenant’s queue', async () => {
  const { ask, acme, rival } = await twoTenants();
  for (const key of [acme, rival]) {
    await ask('POST', '/v1/promises', { body: { type: 'x', queue: 'mail' }, key });
  }
  const paused = await ask('POST', '/v1/queues/mail/pause', { key: acme });
  expect(paused.body).toMatchObject({ name: 'mail', paused: true, counts: { pending: 1 } });
  const claim = (key: string) =>
    ask('POST', '/v1/queues/mail/claim', { body: { worker: 'w' }, key });
  expect((await claim(acme)).body.claims).toEqual([]);
  const [claimed] = (await claim(rival)).body.claims;
  expect(claimed).toMatchObject({ queue: 'mail', fence: 1 });
  const done = await ask('POST', `/v1/promises/${claimed.id}/complete`, {
    body: { fence: 1, result: 'r' },
    key: rival,
  });
  expect(done.body).toMatchObject({ status: 'completed', queue: 'mail' });
});

test('the service’s own tasks keep every tenant’s promises', async () => {
  const { ask, acme, keep } = await twoTenants();
  const made = await ask('POST', '/v1/promises', { body: { type: 'echo', payload: 7 }, key: acme });
  await keep();
  const kept = await ask('GET', `/v1/promises/${made.body.id}`, { key: acme });
  expect(kept.body).toMatchObject({ status: 'completed', result: 7, queue: 'default' });
});

test('nothing can depend on another tenant’s promise', async () => {
  const { ask, acme, rival } = await twoTenants();
  const parent = await ask('POST', '/v1/promises', { body: { type: 'x' }, key: acme });
  const body = { type: 'x', dependsOn: [parent.body.id] };
  expect((await ask('POST', '/v1/promises', { body, key: acme })).status).toBe(201);
  const refused = await ask('POST', '/v1/promises', { body, key: rival });
  expect([refused.status, refused.body.issues[0].path]).toEqual([422, 'dependsOn.0']);
  const batch = await ask('POST', '/v1/promises/batch', { body: { promises: [body] }, key: rival });
  expect(batch.body.results[0].error.code).toBe('input-invalid');
});

test('a tenant’s admin administers the keys of its tenant alone', async () => {
  const { ask, key, acme } = await twoTenants();
  const own = await ask('POST', '/v1/keys', { body: { name: 'own', scopes: ['read'] }, key: acme });
  expect(own.body.tenant).toBe('acme');
  const body = { name: 'x', scopes: ['admin'], tenant: '' };
  expect((await ask('POST', '/v1/keys', { body, key: acme })).body.code).toBe('forbidden');
  const names = async (asked: string) =>
    (await ask('GET', '/v1/keys', { key: asked })).body.data.map(
      ({ name }: { name: string }) => name,
    );
  expect(await names(acme)).toEqual(['own', 'acme']);
  expect(await names(key)).toEqual(['own', 'rival', 'acme']);
  expect((await ask('GET', '/v1/keys?tenant=', { key: acme })).body.code).toBe('forbidden');
});

test('cursors tell a tenant nothing of what others make', async () => {
  const service = await openService();
  const { ask } = service;
  const keyOf = async (tenant: string) => {
    const body = { name: 'k', tenant, scopes: ['admin'] };
    return (await ask('POST', '/v1/keys', { body })).body.key as string;
  };
  const [acme, rival] = [await keyOf('acme'), await keyOf('rival')];
  const subscription = { url: 'https://example.com/told', kinds: ['failed'] };
  for (const key of [acme, service.key, acme]) {
    await ask('POST', '/v1/promises', { body: { type: 'x' }, key });
    await ask('POST', '/v1/subscriptions', { body: subscription, key });
  }
  for (const path of ['/v1/promises', '/v1/subscriptions']) {
    const first = await ask('GET', `${path}?limit=1`, { key: acme });
    const { data, nextCursor } = first.body;
    expect(nextCursor).toMatch(/^[\w-]{91}$/);
    const rest = await ask('GET', `${path}?limit=1&cursor=${nextCursor}`, { key: acme });
    expect(rest.body.data).toHaveLength(1);
    expect(rest.body.data[0].id).not.toBe(data[0].id);
    for (const [cursor, key] of [
      [nextCursor, rival],
      ['1', acme],
    ]) {
      const refused = await ask('GET', `${path}?cursor=${cursor}`, { key });
      expect([path, refused.status, refused.body.issues[0].path]).toEqual([path, 422, 'cursor']);
    }
  }
});
