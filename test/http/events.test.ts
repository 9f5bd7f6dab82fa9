import { expect, onTestFinished, test } from 'vitest';
import { createApp } from '../../functions/app.js';
import { openService, type TestService } from './fixture.js';

/** Reads a stream of server-sent events, message by message. */
async function streamOf(
  service: TestService,
  path: string,
  headers: Readonly<Record<string, string>> = {},
) {
  const gone = new AbortController();
  onTestFinished(() => gone.abort());
  const request = new Request(`http://holdfast.test${path}`, {
    headers: { Authorization: `Bearer ${service.key}`, Accept: 'text/event-stream', ...headers },
    signal: gone.signal,
  });
  const response = await createApp().fetch(request, service.services);
  expect(response.headers.get('Content-Type')).toContain('text/event-stream');
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let buffered = '';
  return {
    async next(): Promise<string> {
      while (!buffered.includes('\n\n')) {
        const { done, value } = await reader.read();
        if (done) return 'end';
        buffered += value;
      }
      const [message = '', ...rest] = buffered.split('\n\n');
      buffered = rest.join('\n\n');
      return message;
    },
    close: () => reader.cancel(),
  };
}

async function make(service: TestService, fields: Record<string, unknown> = {}): Promise<string> {
  const body = { type: 'mail', queue: 'mail', ...fields };
  return (await service.ask('POST', '/v1/promises', { body })).body.id;
}

test('opens as many streams as it may, and more when one is closed', async () => {
  const env = { HOLDFAST_STREAMS_PER_KEY: '1', HOLDFAST_STREAMS: '2' };
  const service = await openService({ env });
  const made = await service.ask('POST', '/v1/keys', { body: { name: 'n', scopes: ['read'] } });
  const headers = { Accept: 'text/event-stream' };
  const open = await streamOf(service, '/v1/events');
  expect(await open.next()).toBe('retry: 1000');
  const refused = await service.ask('GET', '/v1/events', { headers });
  expect([refused.status, refused.body.code]).toEqual([429, 'too-many-streams']);
  expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
  expect((await service.ask('GET', '/v1/events')).status).toBe(200);
  const theirs = { Authorization: `Bearer ${made.body.key}` };
  await streamOf(service, '/v1/events', theirs);
  const other = await service.ask('POST', '/v1/keys', { body: { name: 'o', scopes: ['read'] } });
  const full = await service.ask('GET', '/v1/events', { headers, key: other.body.key });
  expect([full.status, full.body.code]).toEqual([503, 'streams-full']);
  await open.close();
  await expect.poll(() => service.services.streamLimits.size).toBe(1);
  const again = await streamOf(service, '/v1/events');
  expect(await again.next()).toBe('retry: 1000');
});

test('refuses places, kinds and queries that are none', async () => {
  const { ask } = await openService();
  for (const query of [
    'after=x',
    'after=1-0',
    `after=${'A'.repeat(22)}`,
    'kind=lost',
    'limit=0',
    'wait=1h',
    'colour=red',
    'type=,',
  ]) {
    const refused = await ask('GET', `/v1/events?${query}`);
    expect([query, refused.status, refused.body.code]).toEqual([query, 422, 'input-invalid']);
  }
  expect((await ask('GET', '/v1/promises/x/events')).status).toBe(404);
  const headers = { Accept: 'text/event-stream', 'Last-Event-ID': '1-0' };
  const refused = await ask('GET', '/v1/events', { headers });
  expect(refused.body.issues).toMatchObject([{ path: 'Last-Event-ID', received: '"1-0"' }]);
});

test('a page tells what has happened, filtered, and where to go on', async () => {
  const service = await openService();
  const [one, other] = [await make(service), await make(service, { queue: 'post' })];
  await service.ask('POST', '/v1/queues/mail/claim', { body: { worker: 'w-1' } });
  await service.ask('POST', `/v1/promises/${one}/complete`, { body: { fence: 1 } });
  const all = await service.ask('GET', '/v1/events');
  expect(all.body.data).toMatchObject([
    { kind: 'made', promise: one, queue: 'mail', type: 'mail' },
    { kind: 'made', promise: other, queue: 'post' },
    { kind: 'claimed', promise: one, worker: 'w-1' },
    { kind: 'completed', promise: one },
  ]);
  const kinds = async (path: string) =>
    (await service.ask('GET', path)).body.data.map(({ kind }: { kind: string }) => kind);
  expect(await kinds(`/v1/promises/${one}/events`)).toEqual(['made', 'claimed', 'completed']);
  expect(await kinds('/v1/queues/post/events')).toEqual(['made']);
  expect(await kinds('/v1/events?kind=claimed,completed&queue=mail&type=mail')).toHaveLength(2);
  expect(await kinds(`/v1/events?after=${all.body.data[1].id}`)).toEqual(['claimed', 'completed']);
  expect(await kinds(`/v1/events?after=${all.body.nextCursor}`)).toEqual([]);
  expect(await kinds('/v1/events?after=now')).toEqual([]);
});

test('a page with wait is held back until something happens', async () => {
  const service = await openService();
  await make(service);
  const { nextCursor } = (await service.ask('GET', '/v1/events?after=now')).body;
  const waiting = service.ask('GET', `/v1/events?after=${nextCursor}&kind=made&wait=30s`);
  const id = await make(service);
  expect((await waiting).body.data).toMatchObject([{ kind: 'made', promise: id }]);
});

test('a stream tells what happens as it happens, and goes on after the id that was last', async () => {
  const service = await openService();
  await make(service);
  const stream = await streamOf(service, '/v1/events');
  expect(await stream.next()).toBe('retry: 1000');
  const first = stream.next();
  const id = await make(service);
  const message = await first;
  const [, place = ''] = /^id: (\S+)\nevent: made\ndata: (\{.*\})$/.exec(message) ?? [];
  expect(message).toContain(`"promise":"${id}"`);
  await stream.close();
  const later = await make(service);
  const resumed = await streamOf(service, '/v1/events', { 'Last-Event-ID': place });
  await resumed.next();
  expect(await resumed.next()).toContain(`"promise":"${later}"`);
});

test('a stream of one promise has it from the beginning', async () => {
  const service = await openService();
  const id = await make(service, { type: 'echo' });
  const stream = await streamOf(service, `/v1/promises/${id}/events`);
  await stream.next();
  expect(await stream.next()).toContain('event: made');
  await service.keep();
  expect(await stream.next()).toContain('event: claimed');
  expect(await stream.next()).toContain('event: completed');
});

test('a stream on the edge ends after its looks', async () => {
  const service = await openService({ edge: 'worker' });
  const waiting = { ...service.services.waiting, looksMax: 2 };
  const brief = { ...service, services: { ...service.services, waiting } };
  const stream = await streamOf(brief, '/v1/events');
  await stream.next();
  expect(await stream.next()).toContain(': beat');
  expect(await stream.next()).toBe('end');
});

test('a key of a tenant is told of its own promises, by events and by its own subscriptions', async () => {
  const service = await openService();
  const keyOf = async (fields: Record<string, unknown>) =>
    (await service.ask('POST', '/v1/keys', { body: { name: 'k', scopes: ['admin'], ...fields } }))
      .body.key as string;
  const [acme, other] = [await keyOf({ tenant: 'acme' }), await keyOf({ tenant: 'other' })];
  const post = await keyOf({ tenant: 'acme', scopes: ['read'], queues: ['post'] });
  const subscription = { url: 'https://example.com/told', kinds: ['made'], queues: ['mail'] };
  for (const key of [acme, other]) {
    const made = await service.ask('POST', '/v1/subscriptions', { key, body: subscription });
    expect(made.body.queues).toEqual(['mail']);
  }
  const body = { type: 'mail', queue: 'mail' };
  const { id } = (await service.ask('POST', '/v1/promises', { key: acme, body })).body;
  const seen = async (key: string, path: string) => {
    const { status, body: told } = await service.ask('GET', path, { key });
    return status === 200 ? told.data : status;
  };
  expect(await seen(acme, '/v1/events')).toMatchObject([{ promise: id, queue: 'mail' }]);
  expect(await seen(acme, '/v1/queues/mail/events')).toHaveLength(1);
  expect(await seen(other, '/v1/events')).toEqual([]);
  expect(await seen(other, '/v1/queues/mail/events')).toEqual([]);
  expect(await seen(other, `/v1/promises/${id}/events`)).toBe(404);
  expect(await seen(post, '/v1/events')).toEqual([]);
  expect(await seen(service.key, '/v1/queues/mail/events')).toEqual([]);
  expect(await seen(acme, '/v1/promises?type=callback')).toMatchObject([{ queue: 'callbacks' }]);
  expect(await seen(other, '/v1/promises?type=callback')).toEqual([]);
  const [mine] = await seen(acme, '/v1/subscriptions');
  expect(await seen(other, `/v1/subscriptions/${mine.id}`)).toBe(404);
  expect(await seen(service.key, '/v1/subscriptions')).toEqual([]);
});

test('a tenant cannot tell from ids and cursors what the others do, and goes on after each of them', async () => {
  const service = await openService();
  const keyOf = async (tenant: string) =>
    (
      await service.ask('POST', '/v1/keys', {
        body: { name: 'k', scopes: ['admin', 'produce', 'read'], tenant },
      })
    ).body.key as string;
  const [acme, other] = [await keyOf('acme'), await keyOf('other')];
  const enqueue = async (key: string): Promise<string> =>
    (await service.ask('POST', '/v1/promises', { key, body: { type: 'mail', queue: 'mail' } })).body
      .id;
  const page = async (after: string, key = acme) =>
    (await service.ask('GET', `/v1/events?after=${after}`, { key })).body;
  const first = await enqueue(acme);
  const { data, nextCursor } = await page('0');
  const [told] = data;
  const quiet = await page('now');
  expect((await page('now')).nextCursor).not.toBe(quiet.nextCursor);
  await enqueue(other);
  const second = await enqueue(acme);
  for (const after of [told.id, nextCursor, quiet.nextCursor]) {
    expect((await page(after)).data).toMatchObject([{ promise: second }]);
    expect((await service.ask('GET', `/v1/events?after=${after}`, { key: other })).status).toBe(
      422,
    );
  }
  expect((await page('0')).data).toMatchObject([{ id: told.id, promise: first }, {}]);
  const resumed = await streamOf(service, '/v1/events', {
    Authorization: `Bearer ${acme}`,
    'Last-Event-ID': told.id,
  });
  await resumed.next();
  expect(await resumed.next()).toContain(`"promise":"${second}"`);
});

test('a delivery tells a tenant nothing of the others either', async () => {
  const service = await openService();
  const deliveredAfter = async (writes: number) => {
    const tenant = `t${writes}`;
    const made = await service.ask('POST', '/v1/keys', {
      body: { name: 'k', scopes: ['admin', 'produce', 'read'], tenant },
    });
    const { key } = made.body;
    const body = { url: 'https://example.com/told', kinds: ['made'] };
    await service.ask('POST', '/v1/subscriptions', { key, body });
    for (let index = 0; index < writes; index++) await make(service);
    const promise = { type: 'mail' };
    const { id } = (await service.ask('POST', '/v1/promises', { key, body: promise })).body;
    const [callback] = (await service.ask('GET', '/v1/promises?type=callback', { key })).body.data;
    return { id, callback };
  };
  const [one, other] = [await deliveredAfter(1), await deliveredAfter(5)];
  for (const { id, callback } of [one, other]) {
    expect(callback.payload.event).toMatchObject({ id: callback.id, promise: id });
    expect(callback.id.slice(-12)).toBe(id.slice(-12));
    // Not who else has subscribed, either.
    expect(callback.id.slice(14, 23)).toBe('8000-8001');
  }
});
