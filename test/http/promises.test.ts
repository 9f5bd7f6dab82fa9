import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTask } from '../../src/tasks/index.js';
import { openService } from './fixture.js';

const ECHO = { type: 'echo', payload: { hello: 'world' } };

const failing = defineTask({
  type: 'failing',
  input: z.null(),
  run: () => {
    throw new Error('no luck');
  },
});

describe('POST /v1/promises', () => {
  test('answers 201 with the place and the whole promise', async () => {
    const { ask } = await openService();
    const made = await ask('POST', '/v1/promises', {
      body: { ...ECHO, metadata: { for: 'a test' } },
    });
    expect(made.status).toBe(201);
    expect(made.headers.get('Location')).toBe(`/v1/promises/${made.body.id}`);
    expect(made.body).toMatchObject({
      ...ECHO,
      queue: 'default',
      status: 'pending',
      priority: 5,
      attempt: 0,
      maxAttempts: 3,
      timeout: 300_000,
      metadata: { for: 'a test' },
      deduplicated: false,
      result: null,
      error: null,
    });
    const { deduplicated: _, ...promise } = made.body;
    const found = await ask('GET', `/v1/promises/${made.body.id}`);
    expect(found.body).toEqual({ ...promise, failures: [] });
  });

  test('answers 200 with the first promise of a known key', async () => {
    const { ask } = await openService();
    const body = { ...ECHO, key: 'order-1' };
    const first = await ask('POST', '/v1/promises', { body });
    const second = await ask('POST', '/v1/promises', { body: { ...body, payload: 'other' } });
    expect([second.status, second.body.deduplicated]).toEqual([200, true]);
    expect(second.body.id).toBe(first.body.id);
    expect(second.body.payload).toEqual(ECHO.payload);
    const other = await ask('POST', '/v1/promises', { body: { type: 'another', key: 'order-1' } });
    expect(other.status).toBe(201);
  });

  test('takes durations as text and as milliseconds, and instants with any offset', async () => {
    const { ask } = await openService();
    const delayed = await ask('POST', '/v1/promises', {
      body: { ...ECHO, delay: '2h', timeout: 5_000 },
    });
    const { createdAt, runAt, timeout } = delayed.body;
    expect(Date.parse(runAt) - Date.parse(createdAt)).toBe(7_200_000);
    expect(timeout).toBe(5_000);
    const dated = await ask('POST', '/v1/promises', {
      body: { ...ECHO, runAt: '2040-01-01T02:00:00+02:00' },
    });
    expect(dated.body.runAt).toBe('2040-01-01T00:00:00.000Z');
  });

  test('takes a type that no task has: it is work for pull workers', async () => {
    const { ask } = await openService();
    const made = await ask('POST', '/v1/promises', { body: { type: 'somebody-elses' } });
    expect(made.status).toBe(201);
  });
});

describe('POST /v1/promises/batch', () => {
  test('answers one result an item; what is refused does not keep the others', async () => {
    const { ask } = await openService();
    const promises = [
      ECHO,
      { type: 'echo', priority: 11 },
      { type: 'webhook', payload: { url: 'http://127.0.0.1/' } },
      { ...ECHO, key: 'k' },
      { ...ECHO, key: 'k' },
    ];
    const { status, body } = await ask('POST', '/v1/promises/batch', { body: { promises } });
    expect(status).toBe(200);
    expect(body.results).toMatchObject([
      { status: 'pending', deduplicated: false },
      { error: { status: 422, code: 'input-invalid', issues: [{ path: 'promises.1.priority' }] } },
      { error: { status: 422, code: 'address-refused' } },
      { status: 'pending', deduplicated: false },
      { deduplicated: true },
    ]);
    expect(body.results[4].id).toBe(body.results[3].id);
    const { body: list } = await ask('GET', '/v1/promises');
    expect(list.data).toHaveLength(2);
  });

  test('makes 1,000 at once', async () => {
    const { ask } = await openService();
    const promises = Array.from({ length: 1_000 }, (_, payload) => ({ type: 'echo', payload }));
    const { body } = await ask('POST', '/v1/promises/batch', { body: { promises } });
    expect(new Set(body.results.map(({ id }: { id: string }) => id)).size).toBe(1_000);
    expect((await ask('GET', '/v1/health')).body.queue.byStatus.pending).toBe(1_000);
  });
});

describe('GET /v1/promises', () => {
  test('pages through everything, newest first, and filters', async () => {
    const { ask } = await openService();
    for (let index = 0; index < 5; index++) {
      await ask('POST', '/v1/promises', {
        body: { type: 'echo', payload: index, queue: `q${index % 2}` },
      });
    }
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await ask('GET', `/v1/promises?limit=2${cursor}`);
      seen.push(...body.data.map(({ payload }: { payload: unknown }) => payload));
      cursor = body.nextCursor === null ? '' : `&cursor=${encodeURIComponent(body.nextCursor)}`;
    } while (cursor !== '');
    expect(seen).toEqual([4, 3, 2, 1, 0]);
    expect(
      (await ask('GET', '/v1/promises?queue=q1&type=echo&status=pending')).body.data,
    ).toHaveLength(2);
    expect((await ask('GET', '/v1/promises?status=failed')).body.data).toEqual([]);
    const tagged = { type: 'echo', tags: ['urgent'], key: 'k' };
    const { id } = (await ask('POST', '/v1/promises', { body: tagged })).body;
    for (const query of ['tag=urgent', 'key=k']) {
      const { body } = await ask('GET', `/v1/promises?${query}`);
      expect(body.data.map((one: { id: string }) => one.id)).toEqual([id]);
    }
    expect((await ask('GET', '/v1/promises?tag=urgent&key=k')).status).toBe(422);
  });
});

describe('GET /v1/promises/:id', () => {
  test('with wait answers as soon as the promise is settled', async () => {
    const { ask, keep } = await openService();
    const { body } = await ask('POST', '/v1/promises', { body: ECHO });
    const waiting = ask('GET', `/v1/promises/${body.id}?wait=30s`);
    await keep();
    const settled = await waiting;
    expect(settled.body).toMatchObject({ status: 'completed', result: ECHO.payload, attempt: 1 });
    expect(settled.body.settledAt).not.toBeNull();
  });

  test('with wait answers as it is when the time is over', async () => {
    const { ask } = await openService();
    const { body } = await ask('POST', '/v1/promises', { body: ECHO });
    for (const wait of ['20', '20ms']) {
      expect((await ask('GET', `/v1/promises/${body.id}?wait=${wait}`)).body.status).toBe(
        'pending',
      );
    }
  });

  test('tells every failed attempt, and retry runs it again from the first', async () => {
    const { ask, keep } = await openService({ tasks: [failing] });
    const body = { type: 'failing', maxAttempts: 2, backoff: { kind: 'fixed', delay: 0 } };
    const { id } = (await ask('POST', '/v1/promises', { body })).body;
    expect((await ask('POST', `/v1/promises/${id}/retry`)).body.code).toBe('promise-not-settled');
    await keep();
    const failed = await ask('GET', `/v1/promises/${id}`);
    expect(failed.body).toMatchObject({
      status: 'failed',
      attempt: 2,
      error: { code: 'run-failed', message: 'no luck' },
      failures: [
        { attempt: 1, error: { message: 'no luck' } },
        { attempt: 2, error: { message: 'no luck' } },
      ],
    });
    const retried = await ask('POST', `/v1/promises/${id}/retry`);
    expect([retried.status, retried.body.status, retried.body.attempt]).toEqual([
      200,
      'pending',
      0,
    ]);
  });
});

describe('PATCH /v1/promises/:id', () => {
  test('refuses what its task would refuse, nothing, and what is completed', async () => {
    const { ask, keep } = await openService();
    const payload = { url: 'https://example.com/' };
    const body = { type: 'webhook', payload, delay: '1h' };
    const { id } = (await ask('POST', '/v1/promises', { body })).body;
    for (const change of [{}, { type: 'echo' }, { payload: {} }, { priority: 0 }]) {
      expect((await ask('PATCH', `/v1/promises/${id}`, { body: change })).status).toBe(422);
    }
    const inside = { payload: { url: 'http://10.0.0.1/' } };
    const refused = await ask('PATCH', `/v1/promises/${id}`, { body: inside });
    expect(refused.body.code).toBe('address-refused');
    const done = (await ask('POST', '/v1/promises', { body: ECHO })).body;
    await keep();
    const late = await ask('PATCH', `/v1/promises/${done.id}`, { body: { priority: 1 } });
    expect([late.status, late.body.code]).toEqual([409, 'promise-settled']);
  });

  test('changes what waits, and nothing else of it', async () => {
    const { ask, keep } = await openService();
    const made = await ask('POST', '/v1/promises', { body: { ...ECHO, delay: '1h' } });
    const { deduplicated: _, ...promise } = made.body;
    const first = await ask('PATCH', `/v1/promises/${promise.id}`, {
      body: { payload: 2, priority: 1, timeout: '9s' },
    });
    expect(first.body).toEqual({
      ...promise,
      payload: 2,
      priority: 1,
      timeout: 9_000,
      failures: [],
    });
    await ask('PATCH', `/v1/promises/${promise.id}`, { body: { delay: 0 } });
    await keep();
    const kept = await ask('GET', `/v1/promises/${promise.id}`);
    expect(kept.body).toMatchObject({ status: 'completed', result: 2 });
  });

  test('is refused while the promise runs', async () => {
    const { ask } = await openService();
    const { id } = (await ask('POST', '/v1/promises', { body: { type: 'mail', queue: 'q' } })).body;
    await ask('POST', '/v1/queues/q/claim', { body: { worker: 'w' } });
    const refused = await ask('PATCH', `/v1/promises/${id}`, { body: { priority: 1 } });
    expect([refused.status, refused.body.code]).toEqual([409, 'promise-running']);
  });
});

describe('POST /v1/promises/:id/cancel', () => {
  test('cancels what waits; a second time changes nothing and answers the same', async () => {
    const { ask, keep } = await openService();
    const { id } = (await ask('POST', '/v1/promises', { body: { ...ECHO, delay: '1h' } })).body;
    const first = await ask('POST', `/v1/promises/${id}/cancel`, { body: { reason: 'no longer' } });
    expect(first.body).toMatchObject({ status: 'cancelled', error: { message: 'no longer' } });
    expect((await ask('POST', `/v1/promises/${id}/cancel`)).body).toEqual(first.body);
    await keep();
    expect((await ask('GET', `/v1/promises/${id}`)).body.status).toBe('cancelled');
  });

  test('refuses what is completed', async () => {
    const { ask, keep } = await openService();
    const { id } = (await ask('POST', '/v1/promises', { body: ECHO })).body;
    await keep();
    const refused = await ask('POST', `/v1/promises/${id}/cancel`);
    expect([refused.status, refused.body.code]).toEqual([409, 'promise-settled']);
  });
});
