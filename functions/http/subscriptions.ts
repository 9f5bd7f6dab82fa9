import { z } from 'zod';
import { duration, HoldfastError, newId } from '../../src/core/index.js';
import { makeWebhookSecret } from '../../src/outbound/index.js';
import {
  EVENT_KINDS,
  localName,
  newSubscription,
  type Subscription,
  storedName,
  subscriptionChange,
} from '../../src/promises/index.js';
import type { CallServices } from './call-services.js';
import { defineOperation } from './operation.js';
import { pageQuery } from './page.js';
import { isoOf } from './promise-view.js';
import { idParams } from './promises.js';

const DAY_MS = 86_400_000;
const KEEP_MS = { default: DAY_MS, max: 30 * DAY_MS } as const;

const subscriptionView = z.object({
  id: z.string(),
  url: z.string(),
  kinds: z.array(z.enum(EVENT_KINDS)),
  types: z.array(z.string()).nullable().describe('null: all'),
  queues: z.array(z.string()).nullable().describe('null: all'),
  paused: z.string().nullable().describe('why nothing is told; null: it is'),
  createdAt: z.iso.datetime(),
  previousUntil: z.iso
    .datetime()
    .nullable()
    .describe('until then the secret before the last rotation signs too'),
});

const subscriptionMade = subscriptionView.extend({
  secret: z
    .string()
    .nullable()
    .describe('signs what is sent; shown this once; null in a replayed answer: rotate it then'),
});

const HOW =
  'What is sent, and how its signature is told: docs/webhooks.md. It is sent by promises of the type ' +
  '`callback`, in the queue `callbacks`: those that were given up are found and run again there.';

const create = defineOperation({
  id: 'makeSubscription',
  method: 'post',
  path: '/v1/subscriptions',
  summary: 'Be told of events by calls to a URL',
  description: HOW,
  access: 'admin',
  reach: 'own',
  idempotency: 'reserve',
  body: newSubscription,
  example: { url: 'https://example.com/told', kinds: ['completed', 'failed'], queues: ['orders'] },
  answers: { 201: { description: 'made', schema: subscriptionMade } },
  refusals: ['address-refused'],
  handle: async ({ services, principal, body, ticket }) => {
    refuseUrl(services, body.url);
    const { tenant } = principal.reach;
    const secret = makeWebhookSecret();
    const queues = storedQueues(tenant, body.queues) ?? null;
    const stored = { ...body, queues, id: ticket?.token ?? newId(), tenant };
    const made = await services.subscriptions.create(stored, secret);
    return {
      status: 201,
      headers: { Location: `/v1/subscriptions/${made.id}` },
      ...shownOnce(viewOf(made), secret),
    };
  },
});

const list = defineOperation({
  id: 'listSubscriptions',
  method: 'get',
  path: '/v1/subscriptions',
  summary: 'List subscriptions, oldest first',
  access: 'admin',
  reach: 'own',
  query: z.strictObject(pageQuery),
  answers: {
    200: {
      description: 'one page',
      schema: z.object({ data: z.array(subscriptionView), nextCursor: z.string().nullable() }),
    },
  },
  handle: async ({ services, principal, query: { limit, cursor: sealed } }) => {
    const { cursors } = services;
    const cursor = await cursors.open('subscriptions', principal, sealed);
    const page = { limit, ...(cursor === undefined ? {} : { cursor: Number(cursor) }) };
    const { data, nextCursor } = await services.subscriptions.list(principal.reach.tenant, page);
    const place = nextCursor === null ? null : String(nextCursor);
    const next = await cursors.seal('subscriptions', principal, place);
    return { body: { data: data.map(viewOf), nextCursor: next } };
  },
});

const get = defineOperation({
  id: 'getSubscription',
  method: 'get',
  path: '/v1/subscriptions/{id}',
  summary: 'Look at a subscription',
  access: 'admin',
  reach: 'own',
  params: idParams,
  answers: { 200: { description: 'the subscription', schema: subscriptionView } },
  refusals: ['not-found'],
  handle: async ({ services, principal, params: { id } }) => {
    const found = await services.subscriptions.get(principal.reach.tenant, id);
    return { body: viewOf(found ?? missing(id)) };
  },
});

const change = defineOperation({
  id: 'changeSubscription',
  method: 'patch',
  path: '/v1/subscriptions/{id}',
  summary: 'Change a subscription, pause it, or let it go on',
  description:
    'A field that is left out stays as it is. What happens while it is paused is not told.',
  access: 'admin',
  reach: 'own',
  params: idParams,
  body: subscriptionChange,
  example: { paused: false },
  answers: { 200: { description: 'the subscription as it is now', schema: subscriptionView } },
  refusals: ['not-found', 'address-refused'],
  handle: async ({ services, principal, params: { id }, body }) => {
    if (body.url !== undefined) refuseUrl(services, body.url);
    const { tenant } = principal.reach;
    const queues = storedQueues(tenant, body.queues);
    const given = { ...body, ...(queues === undefined ? {} : { queues }) };
    const changed = await services.subscriptions.change(tenant, id, given);
    return { body: viewOf(changed ?? missing(id)) };
  },
});

const rotate = defineOperation({
  id: 'rotateSubscriptionSecret',
  method: 'post',
  path: '/v1/subscriptions/{id}/rotate',
  summary: 'Give a subscription a new secret',
  description:
    'Both sign for `keep`, a day by default and 30 days at most: whoever checks with the old secret has ' +
    'that long to take the new one.',
  access: 'admin',
  reach: 'own',
  idempotency: 'reserve',
  params: idParams,
  body: z.strictObject({
    keep: duration
      .refine((ms) => ms <= KEEP_MS.max, { error: 'must be at most 30 days' })
      .optional(),
  }),
  bodyOptional: true,
  example: { keep: '7d' },
  answers: { 200: { description: 'with its new secret', schema: subscriptionMade } },
  refusals: ['not-found'],
  handle: async ({ services, principal, params: { id }, body }) => {
    const secret = makeWebhookSecret();
    const next = { secret, keepMs: body.keep ?? KEEP_MS.default };
    const rotated = await services.subscriptions.rotate(principal.reach.tenant, id, next);
    return shownOnce(viewOf(rotated ?? missing(id)), secret);
  },
});

const remove = defineOperation({
  id: 'deleteSubscription',
  method: 'delete',
  path: '/v1/subscriptions/{id}',
  summary: 'Delete a subscription; what was to be told is given up',
  access: 'admin',
  reach: 'own',
  params: idParams,
  answers: {
    200: {
      description: 'it is gone',
      schema: z.object({ id: z.string(), deleted: z.literal(true) }),
    },
  },
  refusals: ['not-found'],
  handle: async ({ services, principal, params: { id } }) => {
    if (!(await services.subscriptions.remove(principal.reach.tenant, id))) missing(id);
    return { body: { id, deleted: true } };
  },
});

export const subscriptionOperations = [create, list, get, change, rotate, remove];

/** Of the answer all is kept but the secret. */
function shownOnce<T extends object>(view: T, secret: string) {
  return { body: { ...view, secret }, keptBody: { ...view, secret: null } };
}

/** @throws HoldfastError `address-refused` */
function refuseUrl({ refuseUrl: refuse }: CallServices, url: string): void {
  const reason = refuse(url);
  if (reason !== undefined) {
    throw new HoldfastError('address-refused', `url may not be called: ${reason}`);
  }
}

function storedQueues(tenant: string, queues: readonly string[] | null | undefined) {
  return queues?.map((queue) => storedName(tenant, queue)) ?? (queues === null ? null : undefined);
}

/** @throws HoldfastError `not-found` */
function missing(id: string): never {
  throw new HoldfastError('not-found', `there is no subscription ${JSON.stringify(id)}`);
}

function viewOf(subscription: Subscription) {
  const { tenant: _, queues, createdAt, previousUntil, ...rest } = subscription;
  return {
    ...rest,
    queues: queues?.map(localName) ?? null,
    createdAt: isoOf(createdAt),
    previousUntil: previousUntil === null ? null : isoOf(previousUntil),
  };
}
