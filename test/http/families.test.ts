import { uuidv7 } from 'uuidv7';
import { describe, expect, test } from 'vitest';
import { openService, type TestService } from './fixture.js';

const make = ({ ask }: TestService, fields: Record<string, unknown>) =>
  ask('POST', '/v1/promises', { body: { type: 'step', queue: 'q', ...fields } });

async function claim({ ask }: TestService, fields: Record<string, unknown> = {}) {
  const { body } = await ask('POST', '/v1/queues/q/claim', { body: { worker: 'w', ...fields } });
  return body.claims as { id: string; type: string; fence: number; state: unknown }[];
}

async function complete(service: TestService, result: unknown) {
  const [one] = await claim(service, { limit: 1 });
  const body = { fence: one?.fence, result };
  return service.ask('POST', `/v1/promises/${one?.id}/complete`, { body });
}

describe('dependencies', () => {
  test('on what there is not are refused, naming the field', async () => {
    const service = await openService();
    const told = await make(service, { dependsOn: [uuidv7()] });
    expect([told.status, told.body.issues[0].path]).toEqual([422, 'dependsOn.0']);
  });

  test('are waited for, and their results are there for the child', async () => {
    const service = await openService();
    const parent = (await make(service, {})).body.id;
    const child = await make(service, { dependsOn: [parent] });
    expect(child.body).toMatchObject({ status: 'waiting', waitsFor: 'parents' });
    await complete(service, { rows: 3 });
    const { body } = await service.ask('GET', `/v1/promises/${child.body.id}/parents`);
    expect(body.data).toMatchObject([{ id: parent, status: 'completed', result: { rows: 3 } }]);
    expect(await claim(service)).toMatchObject([{ id: child.body.id }]);
  });

  test('on a failed promise apply their policy at once', async () => {
    const service = await openService();
    const parent = (await make(service, { maxAttempts: 1 })).body.id;
    const [one] = await claim(service);
    await service.ask('POST', `/v1/promises/${parent}/fail`, { body: { fence: one?.fence } });
    for (const [onParentFailure, status] of [
      ['fail', 'failed'],
      ['cancel', 'cancelled'],
      ['run', 'pending'],
    ]) {
      const told = await make(service, { dependsOn: [parent], onParentFailure });
      expect([told.status, told.body.status]).toEqual([201, status]);
    }
  });
});

describe('a batch', () => {
  const batch = ({ ask }: TestService, body: unknown) =>
    ask('POST', '/v1/promises/batch', { body });

  test('makes a family by refs, in any order, and joins it', async () => {
    const service = await openService();
    const step = (ref: string, dependsOn?: string[]) => ({
      type: 'step',
      queue: 'q',
      ref,
      dependsOn,
    });
    const told = await batch(service, {
      promises: [step('c', ['ref:a', 'ref:b']), step('a'), step('b', ['ref:a'])],
      join: { type: 'join', queue: 'q' },
    });
    expect(told.status).toBe(200);
    expect(told.body.results.map((one: { status: string }) => one.status)).toEqual([
      'waiting',
      'pending',
      'waiting',
    ]);
    expect(told.body.join.status).toBe('waiting');
    const order: string[] = [];
    for (let n = 0; n < 4; n += 1) order.push((await complete(service, n)).body.id);
    const [c, a, b] = told.body.results.map((one: { id: string }) => one.id);
    expect(order).toEqual([a, b, c, told.body.join.id]);
    const { body } = await service.ask('GET', `/v1/promises/${told.body.join.id}/parents`);
    expect(body.data).toHaveLength(3);
  });

  test('refuses circles, unknown refs and what depends on the refused, and makes the rest', async () => {
    const service = await openService();
    const { body } = await batch(service, {
      promises: [
        { type: 'a', ref: 'a', dependsOn: ['ref:b'] },
        { type: 'b', ref: 'b', dependsOn: ['ref:a'] },
        { type: 'c', dependsOn: ['ref:nobody'] },
        { type: 'd', ref: 'd', dependsOn: [uuidv7()] },
        { type: 'e', dependsOn: ['ref:d'] },
        { type: 'f', ref: 'd' },
        { type: 'fine' },
      ],
    });
    const outcomes = body.results.map((one: { id?: string }) => one.id === undefined);
    expect(outcomes).toEqual([true, true, true, true, true, true, false]);
  });

  test('children of a promise that was known already depend on that one', async () => {
    const service = await openService();
    const first = (await make(service, { key: 'k' })).body.id;
    const { body } = await batch(service, {
      promises: [
        { type: 'step', queue: 'q', key: 'k', ref: 'a' },
        { type: 'step', queue: 'q', dependsOn: ['ref:a'] },
      ],
    });
    expect(body.results).toMatchObject([{ id: first, deduplicated: true }, { status: 'waiting' }]);
  });
});

describe('a running attempt', () => {
  test('says how far it is, and leaves a state for its next run', async () => {
    const service = await openService();
    const { id } = (await make(service, { maxAttempts: 1 })).body;
    const [one] = await claim(service);
    const sent = { fence: one?.fence, percent: 40, message: 'halfway' };
    expect((await service.ask('POST', `/v1/promises/${id}/progress`, { body: sent })).status).toBe(
      200,
    );
    const { body } = await service.ask('GET', `/v1/promises/${id}`);
    expect(body.progress).toEqual({ percent: 40, message: 'halfway' });
    const old = { fence: 0, percent: 1 };
    expect((await service.ask('POST', `/v1/promises/${id}/progress`, { body: old })).status).toBe(
      409,
    );
    const put = { fence: one?.fence, delay: 0, state: { page: 2 } };
    await service.ask('POST', `/v1/promises/${id}/snooze`, { body: put });
    expect(await claim(service)).toMatchObject([{ id, state: { page: 2 }, attempt: 1 }]);
  });
});

describe('dead letters', () => {
  test('are replayed by filter or by ids', async () => {
    const service = await openService();
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push((await make(service, { maxAttempts: 1 })).body.id);
    for (const one of await claim(service)) {
      await service.ask('POST', `/v1/promises/${one.id}/fail`, { body: { fence: one.fence } });
    }
    const retry = (body: unknown) => service.ask('POST', '/v1/promises/retry', { body });
    expect((await retry({ ids, queue: 'q' })).status).toBe(422);
    const none = await retry({ type: 'other' });
    expect(none.body).toEqual({ results: [], nextCursor: null });
    const some = await retry({ type: 'step', limit: 2 });
    expect(some.body.results).toMatchObject([{ outcome: 'retried' }, { outcome: 'retried' }]);
    const all = await retry({ ids: [...ids, uuidv7()] });
    const outcomes = all.body.results.map((one: { outcome: string }) => one.outcome).sort();
    expect(outcomes).toEqual([
      'not-found',
      'promise-not-settled',
      'promise-not-settled',
      'retried',
    ]);
    expect(await claim(service)).toHaveLength(3);
  });
});
