import { describe, expect, test } from 'vitest';
import { OPERATIONS } from '../../functions/http/contract.js';
import type { Operation } from '../../functions/http/operation.js';
import { type Ask, openService, type TestService } from './fixture.js';

const KEYED = OPERATIONS.filter(({ access }) => access !== 'open');
const SCOPES = ['produce', 'consume', 'read', 'admin'] as const;

/** What must not be seen by others, wherever it stands. */
const SECRETS = ['victim-secret', 'victim-type', 'victim-schedule', 'victim-key', 'victim-worker'];

interface Victim {
  readonly key: string;
  readonly promiseId: string;
  readonly keyId: string;
  readonly subscriptionId: string;
}

async function makeKey({ ask }: TestService, body: object): Promise<{ id: string; key: string }> {
  const made = await ask('POST', '/v1/keys', { body: { scopes: ['admin'], name: 'k', ...body } });
  expect(made.status).toBe(201);
  return made.body;
}

/** Somebody with one of everything, a promise of which is running. */
async function makeVictim(service: TestService, tenant: string): Promise<Victim> {
  const { ask } = service;
  const { id: keyId, key } = await makeKey(service, { name: 'victim-key', tenant });
  const promise = { type: 'victim-type', queue: 'shared', payload: 'victim-secret', key: 'k' };
  const made = await ask('POST', '/v1/promises', { body: { ...promise, tags: ['t'] }, key });
  expect(made.status).toBe(201);
  const schedule = { name: 'victim-schedule', every: '1h', promise: { type: 'victim-type' } };
  expect((await ask('POST', '/v1/schedules', { body: schedule, key })).status).toBe(201);
  const subscription = { url: 'https://victim-secret.example.com/told', kinds: ['failed'] };
  const subscribed = await ask('POST', '/v1/subscriptions', { body: subscription, key });
  expect(subscribed.status).toBe(201);
  const claim = { worker: 'victim-worker' };
  const claimed = await ask('POST', '/v1/queues/shared/claim', { body: claim, key });
  expect(claimed.body.claims).toMatchObject([{ id: made.body.id, queue: 'shared', fence: 1 }]);
  return { key, promiseId: made.body.id, keyId, subscriptionId: subscribed.body.id };
}

function idFor({ path }: Operation, victim: Victim): string {
  if (path.startsWith('/v1/keys')) return victim.keyId;
  return path.startsWith('/v1/subscriptions') ? victim.subscriptionId : victim.promiseId;
}

/** Bodies that name promises. */
const BODIES: Readonly<Record<string, (id: string) => unknown>> = {
  settlePromises: (id) => ({ settlements: [{ id, fence: 1, outcome: 'complete' }] }),
  heartbeats: (id) => ({ beats: [{ id, fence: 1, lease: '1h' }] }),
  retryPromises: (id) => ({ ids: [id] }),
};

/** The operation, asked of what the victim has. */
function requestFor(operation: Operation, victim: Victim): [string, string, Pick<Ask, 'body'>] {
  const id = idFor(operation, victim);
  const values: Record<string, string> = {
    id,
    queue: 'shared',
    name: 'victim-schedule',
    type: 'x',
    task: 'recovery',
  };
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => values[name] ?? 'x');
  const body = BODIES[operation.id]?.(id) ?? operation.example;
  const verb = operation.method.toUpperCase();
  return [verb, path, operation.body === undefined ? {} : { body: body ?? {} }];
}

/** All that is the victim's, as it stands in the databases. */
async function stateOf({ services }: TestService, tenant: string): Promise<string> {
  const isOwn = (column: string) =>
    tenant === '' ? `${column} NOT LIKE '@%'` : `${column} LIKE '@${tenant}/%'`;
  const rows = await services.queue.read([
    { sql: `SELECT * FROM promises WHERE ${isOwn('queue')} ORDER BY id` },
    { sql: `SELECT * FROM schedules WHERE ${isOwn('name')} ORDER BY name` },
    { sql: `SELECT * FROM queues WHERE ${isOwn('name')} ORDER BY name` },
    { sql: `SELECT * FROM lines WHERE ${isOwn('queue')} ORDER BY queue, type` },
    { sql: 'SELECT * FROM subscriptions WHERE tenant = ?1 ORDER BY id', args: [tenant] },
  ]);
  const keys = await services.system.read([
    { sql: "SELECT id, revoked_at, digest FROM api_keys WHERE name = 'victim-key'" },
  ]);
  return JSON.stringify([...rows, ...keys].map(({ rows: found }) => found));
}

async function expectNothingSeen(
  service: TestService,
  operation: Operation,
  victim: Victim,
  key: string,
): Promise<number> {
  const [verb, path, sent] = requestFor(operation, victim);
  const { status, body } = await service.ask(verb, path, { ...sent, key });
  const asked = `${path} ${JSON.stringify(sent.body ?? null)}`;
  const told = JSON.stringify(body);
  const { promiseId, keyId, subscriptionId } = victim;
  for (const secret of [...SECRETS, promiseId, keyId, subscriptionId]) {
    if (!asked.includes(secret)) expect([operation.id, told]).not.toContain(secret);
  }
  expect([operation.id, told.includes('victim-secret')]).toEqual([operation.id, false]);
  return status;
}

const isOfWholeService = ({ reach }: Operation) => reach !== 'own';

describe('every operation', () => {
  test('refuses a key without its scope', async () => {
    const service = await openService();
    const victim = await makeVictim(service, '');
    const keys = new Map(
      await Promise.all(
        SCOPES.map(
          async (scope) => [scope, (await makeKey(service, { scopes: [scope] })).key] as const,
        ),
      ),
    );
    for (const operation of KEYED) {
      for (const scope of SCOPES.filter((one) => one !== 'admin' && one !== operation.access)) {
        const [verb, path, sent] = requestFor(operation, victim);
        const refused = await service.ask(verb, path, { ...sent, key: keys.get(scope) ?? null });
        expect([operation.id, scope, refused.status]).toEqual([operation.id, scope, 403]);
      }
    }
  });

  test('shows a key of other queues nothing, and lets it change nothing', async () => {
    const service = await openService();
    const victim = await makeVictim(service, '');
    const scopes = ['produce', 'consume', 'read'];
    const { key } = await makeKey(service, { scopes, queues: ['elsewhere'] });
    const before = await stateOf(service, '');
    for (const operation of KEYED) {
      const status = await expectNothingSeen(service, operation, victim, key);
      const isRefused = isOfWholeService(operation) || operation.access === 'admin';
      if (isRefused) expect([operation.id, status]).toEqual([operation.id, 403]);
      else if (operation.path.includes('{id}') && operation.id !== 'listParents') {
        expect([operation.id, status]).toEqual([operation.id, 404]);
      }
      if (operation.path.includes('{queue}')) {
        expect([operation.id, status]).toEqual([operation.id, 403]);
      }
    }
    expect(await stateOf(service, '')).toBe(before);
  });

  test.each([
    ['the default tenant', ''],
    ['another tenant', 'acme'],
  ])('shows a tenant nothing of %s, and lets it change nothing', async (_name, tenant) => {
    const service = await openService();
    const victim = await makeVictim(service, tenant);
    const { key } = await makeKey(service, { tenant: 'rival' });
    const before = await stateOf(service, tenant);
    for (const operation of KEYED) {
      const status = await expectNothingSeen(service, operation, victim, key);
      if (isOfWholeService(operation)) expect([operation.id, status]).toEqual([operation.id, 403]);
      const isById = /\{(id|name)\}/.test(operation.path) && operation.id !== 'listParents';
      if (isById) expect([operation.id, status]).toEqual([operation.id, 404]);
    }
    expect(await stateOf(service, tenant)).toBe(before);
  });

  test('shows the default tenant nothing of another', async () => {
    const service = await openService();
    const victim = await makeVictim(service, 'acme');
    const before = await stateOf(service, 'acme');
    const own = KEYED.filter((one) => !isOfWholeService(one) && !one.path.startsWith('/v1/keys'));
    for (const operation of own.filter(({ id }) => id !== 'listAudit')) {
      const status = await expectNothingSeen(service, operation, victim, service.key);
      const isById = /\{(id|name)\}/.test(operation.path) && operation.id !== 'listParents';
      if (isById) expect([operation.id, status]).toEqual([operation.id, 404]);
    }
    expect(await stateOf(service, 'acme')).toBe(before);
  });
});
