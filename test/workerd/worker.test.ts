import { describe, expect, test } from 'vitest';
import { newId } from '../../src/core/index.js';
import { ask, settings, tick } from './fixture.js';

describe('settings that are missing', () => {
  test.each(['HOLDFAST_API_KEY', 'QUEUE_DATABASE_URL', 'SYSTEM_DATABASE_URL'])(
    'without %s every request is 503 and names it',
    async (name) => {
      const { [name]: _, ...given } = settings;
      for (const path of ['/healthz', '/v1/promises', '/']) {
        const refused = await ask('GET', path, { given });
        expect([path, refused.status, refused.body.code]).toEqual([path, 503, 'setting-invalid']);
        expect(refused.body.detail).toContain(`${name}: must be set`);
      }
    },
  );

  test('all of them are named at once, and a file is no database for a Worker', async () => {
    const { body } = await ask('GET', '/', { given: { QUEUE_DATABASE_URL: 'file:data/queue.db' } });
    for (const name of ['HOLDFAST_API_KEY', 'QUEUE_DATABASE_URL', 'SYSTEM_DATABASE_URL']) {
      expect(body.detail).toContain(name);
    }
  });
});

describe('a promise', () => {
  test('is made, kept behind the answer, and its result is there', async () => {
    const made = await ask('POST', '/v1/promises', { body: { type: 'echo', payload: { a: 'é' } } });
    expect([made.status, made.body.status]).toEqual([201, 'pending']);
    const kept = await ask('GET', `/v1/promises/${made.body.id}`);
    expect(kept.body).toMatchObject({ status: 'completed', result: { a: 'é' }, attempt: 1 });
  });

  test('is waited for by looking again', async () => {
    const made = await ask('POST', '/v1/promises', {
      body: { type: 'echo', payload: 1, delay: '300ms' },
      untilDone: false,
    });
    const kept = await ask('GET', `/v1/promises/${made.body.id}?wait=20s`);
    expect(kept.body).toMatchObject({ status: 'completed', result: 1 });
  });

  test('that is due later is kept by a tick of the cron', async () => {
    const made = await ask('POST', '/v1/promises', {
      body: { type: 'echo', payload: 2, delay: '6s' },
    });
    expect(made.body.status).toBe('pending');
    // It goes on for up to 45 s while something comes due: other files use the same databases.
    await tick();
    const kept = await ask('GET', `/v1/promises/${made.body.id}`);
    expect(kept.body).toMatchObject({ status: 'completed', result: 2 });
  }, 120_000);

  test('that is run again, or is due sooner than before, is kept behind the answer too', async () => {
    const fields = { type: 'echo', payload: 3, delay: '1h' };
    const first = await ask('POST', '/v1/promises', { body: fields });
    await ask('POST', `/v1/promises/${first.body.id}/cancel`);
    await ask('POST', `/v1/promises/${first.body.id}/retry`);
    const second = await ask('POST', '/v1/promises', { body: fields });
    await ask('PATCH', `/v1/promises/${second.body.id}`, { body: { delay: 0 } });
    const third = await ask('POST', '/v1/promises', { body: fields });
    await ask('POST', `/v1/promises/${third.body.id}/cancel`);
    const { body: many } = await ask('POST', '/v1/promises/retry', {
      body: { ids: [third.body.id, 'none'] },
    });
    expect(many.results.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'retried',
      'not-found',
    ]);
    for (const { body } of [first, second, third]) {
      const kept = await ask('GET', `/v1/promises/${body.id}`);
      expect(kept.body).toMatchObject({ status: 'completed', result: 3 });
    }
  });

  test('of a type that no task has waits for a pull worker', async () => {
    const made = await ask('POST', '/v1/promises', { body: { type: 'mail', queue: 'pull' } });
    const claimed = await ask('POST', '/v1/queues/pull/claim', {
      body: { worker: 'w', wait: '5s' },
    });
    expect(claimed.body.claims).toMatchObject([{ id: made.body.id, fence: 1 }]);
    const done = await ask('POST', `/v1/promises/${made.body.id}/complete`, {
      body: { fence: 1, result: 'sent' },
    });
    expect(done.body).toMatchObject({ status: 'completed', result: 'sent' });
  });

  test('that a pull worker makes with its completion is kept behind the answer', async () => {
    const { body: made } = await ask('POST', '/v1/promises', { body: { type: 'm', queue: 'out' } });
    const claim = { worker: 'w', alsoQueues: ['out'] };
    const claimed = await ask('POST', '/v1/queues/none/claim', { body: claim });
    expect(claimed.body.claims).toMatchObject([{ id: made.id, fence: 1 }]);
    const child = { id: newId(), type: 'echo', payload: 'made' };
    const settlement = { id: made.id, fence: 1, outcome: 'complete', children: [child] };
    const settled = await ask('POST', '/v1/settlements', { body: { settlements: [settlement] } });
    expect(settled.body.results).toMatchObject([{ id: made.id, status: 'completed' }]);
    const { body } = await ask('GET', `/v1/promises/${child.id}`);
    expect(body).toMatchObject({ status: 'completed', result: 'made' });
  });
});

test('the cron does what maintenance is due, and records it', async () => {
  await tick();
  const { body } = await ask('GET', '/v1/maintenance/runs');
  const tasks = new Set(body.data.map(({ task }: { task: string }) => task));
  for (const task of ['recovery', 'checkpoint', 'health', 'cleanup']) expect(tasks).toContain(task);
  const health = await ask('GET', '/v1/health');
  expect([health.status, health.body.status]).toEqual([200, 'ok']);
  expect(health.body.databases).toMatchObject([
    { name: 'queue', topology: 'remote', managedBy: 'server' },
    { name: 'system', topology: 'remote', managedBy: 'server' },
  ]);
});

test('40 requests at once are each answered', async () => {
  const asked = Array.from({ length: 40 }, (_, payload) =>
    ask('POST', '/v1/promises', { body: { type: 'echo', payload, delay: '1h' }, untilDone: false }),
  );
  const told = await Promise.all(asked);
  expect(told.map(({ status }) => status)).toEqual(told.map(() => 201));
  expect(new Set(told.map(({ body }) => body.id)).size).toBe(40);
});

test('a database that is away is 503 within the deadline, and the health report still answers', async () => {
  const given = {
    ...settings,
    QUEUE_DATABASE_URL: 'http://127.0.0.1:9',
    HOLDFAST_BUSY_DEADLINE: '500',
  };
  const refused = await ask('POST', '/v1/promises', { body: { type: 'echo' }, given });
  expect(refused.status).toBe(503);
  expect(refused.body.code).toMatch(/^(database-|commit-unknown)/);
  const health = await ask('GET', '/v1/health', { given });
  expect([health.status, health.body.status]).toEqual([200, 'degraded']);
});

test('the pages and the reference are served', async () => {
  expect((await ask('GET', '/openapi.json')).body.openapi).toBe('3.1.0');
  expect((await ask('GET', '/docs')).body).toContain('/v1/promises');
  expect((await ask('GET', '/')).body).toContain('Recent promises');
});
