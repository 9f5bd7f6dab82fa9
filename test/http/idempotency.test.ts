import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { tempDir } from '../support/temp-dir.js';
import { openService, type TestService } from './fixture.js';

const keyed = (key: string) => ({ 'Idempotency-Key': key });
const PROMISE = { type: 'x', queue: 'mail', payload: { a: 'é', b: [1] }, tags: ['t'] };

async function countOf({ services }: TestService): Promise<unknown> {
  const [found] = await services.queue.read([{ sql: 'SELECT count(*) AS n FROM promises' }]);
  return found?.rows[0]?.n;
}

/** Two services on the same files, as two processes have them. */
async function openTwo(): Promise<[TestService, TestService]> {
  const directory = tempDir();
  const env = {
    HOLDFAST_API_KEY: 'k'.repeat(32),
    QUEUE_DATABASE_URL: `file:${join(directory, 'queue.db')}`,
    SYSTEM_DATABASE_URL: `file:${join(directory, 'system.db')}`,
  };
  const [one, two] = [await openService({ env }), await openService({ env })];
  const withKey = (service: TestService): TestService => ({
    ...service,
    ask: (method, path, ask) => service.ask(method, path, { key: env.HOLDFAST_API_KEY, ...ask }),
  });
  return [withKey(one), withKey(two)];
}

test('the same request with the same key is carried out once, and answered the same', async () => {
  const service = await openService();
  const ask = () => service.ask('POST', '/v1/promises', { body: PROMISE, headers: keyed('"k 1"') });
  const first = await ask();
  expect([first.status, first.headers.get('Idempotency-Replayed')]).toEqual([201, null]);
  await service.ask('PATCH', `/v1/promises/${first.body.id}`, { body: { priority: 1 } });
  const again = await ask();
  expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([201, 'true']);
  expect(again.headers.get('Location')).toBe(first.headers.get('Location'));
  expect(JSON.stringify(again.body)).toBe(JSON.stringify(first.body));
  expect(await countOf(service)).toBe(1);
});

test('what waits is answered as it was answered first', async () => {
  const { ask } = await openService();
  const parent = await ask('POST', '/v1/promises', { body: PROMISE });
  for (const more of [{ dependsOn: [parent.body.id] }, { concurrencyKey: 'c' }, { delay: '1h' }]) {
    const sent = {
      body: { type: 'x', ...more },
      headers: keyed(JSON.stringify(Object.keys(more)[0])),
    };
    const first = await ask('POST', '/v1/promises', sent);
    expect((await ask('POST', '/v1/promises', sent)).body).toEqual(first.body);
  }
});

test('another request with the same key is 422; another holder’s key is another', async () => {
  const service = await openService();
  const { ask } = service;
  const first = await ask('POST', '/v1/promises', { body: PROMISE, headers: keyed('k') });
  const other = await ask('POST', '/v1/promises', { body: { type: 'y' }, headers: keyed('k') });
  expect([other.status, other.body.code]).toEqual([422, 'idempotency-mismatch']);
  const elsewhere = await ask('POST', '/v1/promises/batch', {
    body: { promises: [PROMISE] },
    headers: keyed('k'),
  });
  expect(elsewhere.status).toBe(422);
  const made = await ask('POST', '/v1/keys', { body: { name: 'n', scopes: ['produce'] } });
  const sent = { body: PROMISE, headers: keyed('k'), key: made.body.key };
  const theirs = await ask('POST', '/v1/promises', sent);
  expect(theirs.status).toBe(201);
  expect(theirs.body.id).not.toBe(first.body.id);
});

test('while it is carried out, the same key is 409', async () => {
  const service = await openService();
  const { answers } = service.services;
  const ask = () => service.ask('POST', '/v1/promises', { body: PROMISE, headers: keyed('k') });
  const call = { holder: 'bootstrap', key: 'k' };
  expect(answers.open(call)).toBe(true);
  const refused = await ask();
  expect([refused.status, refused.body.code]).toEqual([409, 'idempotency-in-flight']);
  expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
  answers.close(call);
  const told = await Promise.all([ask(), ask(), ask()]);
  for (const { status } of told) expect([201, 409]).toContain(status);
  expect((await ask()).status).toBe(201);
  expect(await countOf(service)).toBe(1);
});

test('two processes that get it at the same moment make one', async () => {
  const [one, two] = await openTwo();
  for (let round = 0; round < 10; round += 1) {
    const headers = keyed(`r${round}`);
    const told = await Promise.all(
      [one, two].map(({ ask }) => ask('POST', '/v1/promises', { body: PROMISE, headers })),
    );
    expect(told.map(({ status }) => status)).toEqual([201, 201]);
    expect(told[0]?.body).toEqual(told[1]?.body);
    const batch = { body: { promises: [PROMISE, PROMISE] }, headers: keyed(`b${round}`) };
    const both = await Promise.all(
      [one, two].map(({ ask }) => ask('POST', '/v1/promises/batch', batch)),
    );
    for (const { status } of both) expect([200, 409]).toContain(status);
  }
  expect(await countOf(one)).toBe(30);
});

test('a known promise key, a batch, a schedule and an API key are answered the same too', async () => {
  const service = await openService();
  const { ask } = service;
  await ask('POST', '/v1/promises', { body: { type: 'x', key: 'known' } });
  const schedule = { name: 's', every: '1h', promise: { type: 'x' } };
  const asked = [
    ['/v1/promises', { type: 'x', key: 'known' }],
    ['/v1/promises/batch', { promises: [PROMISE, { type: '' }, PROMISE], join: { type: 'j' } }],
    ['/v1/schedules', schedule],
    ['/v1/schedules/s/trigger', {}],
  ] as const;
  for (const [path, body] of asked) {
    const first = await ask('POST', path, { body, headers: keyed(path) });
    const again = await ask('POST', path, { body, headers: keyed(path) });
    expect([path, again.status, again.body]).toEqual([path, first.status, first.body]);
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
  }
  expect(await countOf(service)).toBe(5);
  const body = { name: 'n', scopes: ['read'] };
  const made = await ask('POST', '/v1/keys', { body, headers: keyed('key') });
  const again = await ask('POST', '/v1/keys', { body, headers: keyed('key') });
  expect(again.body).toEqual({ ...made.body, key: null });
  const subscription = { url: 'https://example.com/told', kinds: ['failed'] };
  const sent = { body: subscription, headers: keyed('subscription') };
  const told = await ask('POST', '/v1/subscriptions', sent);
  expect((await ask('POST', '/v1/subscriptions', sent)).body).toEqual({
    ...told.body,
    secret: null,
  });
  expect((await ask('GET', '/v1/subscriptions')).body.data).toHaveLength(1);
  const rotate = { headers: keyed('rotate') };
  const path = `/v1/subscriptions/${told.body.id}/rotate`;
  const rotated = await ask('POST', path, rotate);
  expect((await ask('POST', path, rotate)).body).toEqual({ ...rotated.body, secret: null });
  const [rows] = await service.services.queue.read([{ sql: 'SELECT * FROM answers' }]);
  for (const secret of [made.body.key, told.body.secret, rotated.body.secret]) {
    expect(JSON.stringify(rows?.rows)).not.toContain(secret);
  }
});

test('a trigger, a key and a subscription that were broken off are carried on: each is made once', async () => {
  const service = await openService();
  const { ask, services } = service;
  await ask('POST', '/v1/schedules', { body: { name: 's', every: '1h', promise: { type: 'x' } } });
  const asked = [
    ['/v1/schedules/s/trigger', {}],
    ['/v1/keys', { name: 'n', scopes: ['read'] }],
    ['/v1/subscriptions', { url: 'https://example.com/told', kinds: ['failed'] }],
  ] as const;
  for (const [path, body] of asked) {
    const sent = { body, headers: keyed(path) };
    const first = await ask('POST', path, sent);
    await services.queue.write([
      { sql: 'UPDATE answers SET body = NULL, status = NULL, held_until = 0' },
    ]);
    const again = await ask('POST', path, sent);
    expect([path, again.status, again.body.id]).toEqual([path, 201, first.body.id]);
    const secret = again.body.key ?? again.body.secret;
    if (path === '/v1/keys') {
      expect((await ask('GET', '/v1/promises', { key: secret })).status).toBe(200);
    }
    if (path === '/v1/subscriptions') {
      const target = await services.subscriptions.target(again.body.id);
      expect(target?.secrets).toEqual([secret]);
    }
  }
  expect(await countOf(service)).toBe(1);
  const { body } = await ask('GET', '/v1/schedules/s/occurrences');
  expect(body.data).toHaveLength(1);
  for (const [path] of asked.slice(1)) {
    expect((await ask('GET', path)).body.data).toHaveLength(1);
  }
});

test('a trigger whose process died before its answer was kept has fired once', async () => {
  const [dying, other] = await openTwo();
  const schedule = { name: 's', every: '1h', promise: { type: 'x' } };
  await dying.ask('POST', '/v1/schedules', { body: schedule });
  const keep = vi.spyOn(dying.services.answers, 'keep').mockReturnValue(new Promise(() => {}));
  const sent = { headers: keyed('k') };
  void dying.ask('POST', '/v1/schedules/s/trigger', sent);
  await expect.poll(() => keep.mock.calls.length, { timeout: 20_000 }).toBe(1);
  const { data } = (await other.ask('GET', '/v1/promises?type=x')).body;
  expect(data).toHaveLength(1);
  const held = await other.ask('POST', '/v1/schedules/s/trigger', sent);
  expect([held.status, held.body.code]).toEqual([409, 'idempotency-in-flight']);
  await other.services.queue.write([{ sql: 'UPDATE answers SET held_until = 0' }]);
  for (let sending = 0; sending < 2; sending += 1) {
    const again = await other.ask('POST', '/v1/schedules/s/trigger', sent);
    expect([again.status, again.body.id]).toEqual([201, data[0].id]);
  }
  expect(await countOf(other)).toBe(1);
  const { body } = await other.ask('GET', '/v1/schedules/s/occurrences');
  expect(body.data).toHaveLength(1);
});

test('what was refused is asked anew', async () => {
  const { ask } = await openService();
  const schedule = { name: 's', every: '1h', promise: { type: 'x' } };
  await ask('POST', '/v1/schedules', { body: schedule });
  const sent = { body: schedule, headers: keyed('k') };
  expect((await ask('POST', '/v1/schedules', sent)).status).toBe(409);
  await ask('DELETE', '/v1/schedules/s');
  expect((await ask('POST', '/v1/schedules', sent)).status).toBe(201);
});

test('a batch that was broken off is carried on: each of its promises is made once', async () => {
  const service = await openService();
  const { ask, services } = service;
  const sent = { body: { promises: [PROMISE, PROMISE] }, headers: keyed('k') };
  const first = await ask('POST', '/v1/promises/batch', sent);
  await services.queue.write([{ sql: 'UPDATE answers SET body = NULL, status = NULL' }]);
  expect((await ask('POST', '/v1/promises/batch', sent)).status).toBe(409);
  await services.queue.write([{ sql: 'UPDATE answers SET held_until = 0' }]);
  expect((await ask('POST', '/v1/promises/batch', sent)).body).toEqual(first.body);
  expect(await countOf(service)).toBe(2);
});

test('after its lifetime a key is new, and cleanup takes it away', async () => {
  const service = await openService();
  const { ask, services } = service;
  const sent = { body: PROMISE, headers: keyed('k') };
  const first = await ask('POST', '/v1/promises', sent);
  await services.queue.write([{ sql: 'UPDATE answers SET expires_at = 0' }]);
  const second = await ask('POST', '/v1/promises', sent);
  expect(second.body.id).not.toBe(first.body.id);
  await services.queue.write([{ sql: 'UPDATE answers SET expires_at = 0' }]);
  expect(await services.answers.prune()).toBe(1);
});

test('a key that is none is 422', async () => {
  const { ask } = await openService();
  for (const key of ['', '"open', 'a b', 'x'.repeat(256), '""']) {
    const refused = await ask('POST', '/v1/promises', { body: PROMISE, headers: keyed(key) });
    expect([key, refused.status, refused.body.code]).toEqual([key, 422, 'input-invalid']);
  }
});
