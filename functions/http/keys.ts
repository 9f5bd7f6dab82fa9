import { z } from 'zod';
import { duration, HoldfastError, InputInvalidError, newId, text } from '../../src/core/index.js';
import { instant, name, tenantName } from '../../src/promises/index.js';
import { type ApiKey, digestOfKey, KEY_SCOPES, makeKeySecret } from '../../src/records/index.js';
import type { Principal } from './access.js';
import type { CallServices } from './call-services.js';
import { defineOperation } from './operation.js';
import { definedOf, pageQuery } from './page.js';
import { isoOf } from './promise-view.js';

const DAY_MS = 86_400_000;
const GRACE_MS = { default: DAY_MS, max: 30 * DAY_MS } as const;

const at = z.iso.datetime();

const keyView = z.object({
  id: z.string(),
  name: z.string(),
  tenant: z.string().describe('empty: the default tenant'),
  scopes: z.array(z.enum(KEY_SCOPES)),
  queues: z.array(z.string()).nullable().describe('null: all of its tenant'),
  rateLimit: z
    .object({ limit: z.int(), period: z.int().describe('milliseconds') })
    .nullable()
    .describe('null: what HOLDFAST_RATE_LIMIT says'),
  hint: z.string().describe('how the key begins'),
  createdAt: at,
  createdBy: z.string().describe('the id of the key that made it'),
  expiresAt: at.nullable(),
  revokedAt: at.nullable(),
  lastUsedAt: at.nullable().describe('to the minute'),
  previousUntil: at.nullable().describe('until then the key before the last rotation is good too'),
});

const keyMade = keyView.extend({
  key: z
    .string()
    .nullable()
    .describe('shown this once, and nowhere kept; null in a replayed answer: rotate it then'),
});

const newKey = z
  .strictObject({
    name: text(1, 200),
    scopes: z.array(z.enum(KEY_SCOPES)).min(1).max(KEY_SCOPES.length),
    /** Only these queues. Default all of the tenant. */
    queues: z.array(name).min(1).max(100).optional(),
    expiresAt: instant.optional(),
    /** Whose promises it sees. Default the maker's; only keys of the default tenant name another. */
    tenant: z.union([tenantName, z.literal('')]).optional(),
    /** Requests a period. Default what `HOLDFAST_RATE_LIMIT` says. */
    rateLimit: z
      .strictObject({
        limit: z.int().min(1).max(1_000_000_000),
        period: duration.refine((ms) => ms >= 1, { error: 'must be at least 1 ms' }),
      })
      .optional(),
  })
  .refine(({ scopes, queues }) => queues === undefined || !scopes.includes('admin'), {
    path: ['queues'],
    error: 'cannot be given with the scope admin, which can make keys for every queue',
  });

const create = defineOperation({
  id: 'makeKey',
  method: 'post',
  path: '/v1/keys',
  summary: 'Make an API key; it is shown this once',
  description:
    'What is stored is its hash. `hf_` stands before 32 random characters and 6 that are a checksum: a ' +
    'mistyped key is told from an unknown one.',
  access: 'admin',
  reach: 'own',
  idempotency: 'reserve',
  body: newKey,
  example: { name: 'the shop', scopes: ['produce', 'read'], queues: ['orders'] },
  answers: { 201: { description: 'made', schema: keyMade } },
  handle: async ({ services, principal, body, ticket }) => {
    const { key, mark } = await newSecret();
    const { rateLimit } = body;
    const made = await services.keys.create(
      {
        id: ticket?.token ?? newId(),
        name: body.name,
        tenant: tenantFor(principal, body.tenant),
        scopes: [...new Set(body.scopes)],
        queues: body.queues ?? null,
        rateLimit: rateLimit ? { limit: rateLimit.limit, periodMs: rateLimit.period } : null,
        createdBy: principal.id,
        expiresAt: body.expiresAt ?? null,
      },
      mark,
    );
    return { status: 201, ...shownOnce(viewOf(made), key) };
  },
});

const list = defineOperation({
  id: 'listKeys',
  method: 'get',
  path: '/v1/keys',
  summary: 'List API keys, newest first',
  description: 'Without the keys themselves. Keys of a tenant see those of their tenant.',
  access: 'admin',
  reach: 'own',
  query: z.strictObject({
    ...pageQuery,
    tenant: z.union([tenantName, z.literal('')]).optional(),
  }),
  answers: {
    200: {
      description: 'one page',
      schema: z.object({ data: z.array(keyView), nextCursor: z.string().nullable() }),
    },
  },
  handle: async ({ services, principal, query }) => {
    const own = principal.reach.tenant;
    const tenant = own === '' ? query.tenant : tenantFor(principal, query.tenant);
    const page = await services.keys.list(definedOf({ ...query, tenant }));
    return { body: { data: page.data.map(viewOf), nextCursor: page.nextCursor } };
  },
});

const idParams = z.strictObject({ id: z.string() });

const revoke = defineOperation({
  id: 'revokeKey',
  method: 'delete',
  path: '/v1/keys/{id}',
  summary: 'Revoke an API key for good',
  description: 'At once in this process; other processes may take it for 5 seconds more.',
  access: 'admin',
  reach: 'own',
  params: idParams,
  answers: { 200: { description: 'the revoked key', schema: keyView } },
  refusals: ['not-found'],
  handle: async ({ services, principal, params: { id } }) => {
    await findKey(services, principal, id);
    const revoked = await services.keys.revoke(id);
    services.keyring.forget(id);
    return { body: viewOf(revoked ?? (await findKey(services, principal, id))) };
  },
});

const rotate = defineOperation({
  id: 'rotateKey',
  method: 'post',
  path: '/v1/keys/{id}/rotate',
  summary: 'Give an API key a new secret; the one before is good for a while',
  description:
    'For `grace`, 24 hours by default, at most 30 days. A second rotation ends the first one’s grace.',
  access: 'admin',
  reach: 'own',
  idempotency: 'reserve',
  params: idParams,
  body: z.strictObject({
    grace: duration
      .refine((ms) => ms <= GRACE_MS.max, { error: 'must be at most 30 days' })
      .optional(),
  }),
  bodyOptional: true,
  example: { grace: '1h' },
  answers: { 200: { description: 'the key, with its new secret', schema: keyMade } },
  refusals: ['not-found'],
  handle: async ({ services, principal, params: { id }, body }) => {
    const before = await findKey(services, principal, id);
    if (before.revokedAt !== null) {
      throw new InputInvalidError([
        { path: 'id', rule: 'must be a key that is not revoked', received: JSON.stringify(id) },
      ]);
    }
    const { key, mark } = await newSecret();
    const graceMs = body.grace ?? GRACE_MS.default;
    const rotated = await services.keys.rotate(id, graceMs, mark);
    services.keyring.forget(id);
    if (rotated === undefined || rotated.revokedAt !== null) throw noKey(id);
    return shownOnce(viewOf(rotated), key);
  },
});

export const keyOperations = [create, list, revoke, rotate];

/** @throws HoldfastError `forbidden` */
function tenantFor({ reach }: Principal, asked: string | undefined): string {
  if (asked === undefined || asked === reach.tenant) return reach.tenant;
  if (reach.tenant === '') return asked;
  throw new HoldfastError('forbidden', 'a key of a tenant administers the keys of its own tenant');
}

/** @throws HoldfastError `not-found`, also for a key that is another tenant's */
async function findKey({ keys }: CallServices, { reach }: Principal, id: string): Promise<ApiKey> {
  const key = await keys.get(id);
  if (key === undefined || (reach.tenant !== '' && key.tenant !== reach.tenant)) throw noKey(id);
  return key;
}

function noKey(id: string): HoldfastError {
  return new HoldfastError('not-found', `there is no API key ${JSON.stringify(id)}`);
}

/** Of the answer all is kept but the key. */
function shownOnce<T extends object>(view: T, key: string) {
  return { body: { ...view, key }, keptBody: { ...view, key: null } };
}

/** Characters of a key that are no secret: `hf_` and five of its 32. */
const HINT_LENGTH = 8;

async function newSecret() {
  const key = makeKeySecret();
  return { key, mark: { hint: key.slice(0, HINT_LENGTH), digest: await digestOfKey(key) } };
}

function viewOf(key: ApiKey) {
  const { rateLimit, createdAt, expiresAt, revokedAt, lastUsedAt, previousUntil } = key;
  return {
    id: key.id,
    name: key.name,
    tenant: key.tenant,
    scopes: key.scopes,
    queues: key.queues,
    rateLimit: rateLimit && { limit: rateLimit.limit, period: rateLimit.periodMs },
    hint: key.hint,
    createdAt: isoOf(createdAt),
    createdBy: key.createdBy,
    expiresAt: isoOrNull(expiresAt),
    revokedAt: isoOrNull(revokedAt),
    lastUsedAt: isoOrNull(lastUsedAt),
    previousUntil: isoOrNull(previousUntil),
  };
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : isoOf(ms);
}
