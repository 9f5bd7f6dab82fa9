import { z } from 'zod';
import { duration, json, newId, text } from '../../src/core/index.js';
import { type Claim, LEASE_MS, name } from '../../src/promises/index.js';
import { lookUntil } from './long-poll.js';
import { defineOperation } from './operation.js';
import { isoOf } from './promise-view.js';
import { wait } from './wait.js';

/** Promises in one claim. */
const CLAIM_LIMIT = { default: 10, max: 1_000 } as const;

export const lease = duration.refine((ms) => ms >= LEASE_MS.min && ms <= LEASE_MS.max, {
  error: 'must be from 1 second to 12 hours',
});

/** As a release or a commit is called. */
const handlerVersion = text(1, 100);

const claimView = z.object({
  id: z.string(),
  type: z.string(),
  queue: z.string(),
  payload: json,
  attempt: z.int(),
  idempotencyKey: z
    .string()
    .describe('the same for every attempt: give it to services that know such keys'),
  maxAttempts: z.int(),
  timeout: z.int().describe('milliseconds'),
  fence: z.int().describe('to be sent with everything about this attempt'),
  leaseExpiresAt: z.iso.datetime(),
  state: json.describe('what an earlier run left with a snooze; null at first'),
  metadata: z.record(z.string(), json).nullable(),
});

const claim = defineOperation({
  id: 'claimPromises',
  method: 'post',
  path: '/v1/queues/{queue}/claim',
  summary: 'Take due promises of a queue, for a lease',
  description:
    'For pull workers. A lease is 1 second to 12 hours, 30 seconds by default; extend it by heartbeats, ' +
    'every third of it. A `token` names the call: sent again after a lost answer, it gives what it took ' +
    'then. With `wait` an answer without claims is held back until there is one, at most ' +
    '5 minutes; on Workers at most 20 looks, about 35 seconds.',
  access: 'consume',
  reach: 'own',
  params: z.strictObject({ queue: name }),
  body: z.strictObject({
    worker: text(1, 200),
    limit: z.int().min(1).max(CLAIM_LIMIT.max).optional(),
    lease: lease.optional(),
    types: z.array(name).min(1).max(100).optional(),
    versions: z
      .record(name, handlerVersion)
      .optional()
      .describe('of the handlers, by type: a running promise says which one began it'),
    alsoQueues: z
      .array(name)
      .min(1)
      .max(19)
      .optional()
      .describe('take from these too: first priorities first over all of them'),
    wait: wait.optional(),
    token: text(16, 100).optional(),
    /** Only what an earlier call with this token took. */
    again: z.boolean().optional(),
  }),
  example: { worker: 'mailer-1', limit: 10, lease: '30s' },
  answers: {
    200: {
      description: 'what is now held; an empty list when nothing is due',
      schema: z.object({ claims: z.array(claimView) }),
    },
  },
  handle: async ({ services, principal, params, body, signal }) => {
    const { store, waiting } = services;
    const queues = [params.queue, ...(body.alsoQueues ?? [])];
    const ask = {
      worker: body.worker,
      limit: body.limit ?? CLAIM_LIMIT.default,
      leaseMs: body.lease ?? (await store.queues.get(params.queue)).leaseMs ?? LEASE_MS.default,
      queues,
      ...(body.types === undefined ? {} : { types: body.types }),
      ...(body.versions === undefined ? {} : { versions: body.versions }),
    };
    const token = body.token === undefined ? undefined : `${principal.id}:${body.token}`;
    const taken = token === undefined ? [] : await store.reclaim(token);
    if (taken.length > 0 || body.again) return { body: { claims: taken.map(viewOf) } };
    const look = {
      look: () => store.claim({ ...ask, token: token ?? newId() }),
      isDone: (found: readonly Claim[]) => found.length > 0,
      ...(waiting.looksMax === Number.POSITIVE_INFINITY && {
        dueInMs: () => store.nextWakeInMs(body.types, queues),
      }),
    };
    const claims = await lookUntil(look, body.wait ?? 0, signal, waiting);
    return { body: { claims: claims.map(viewOf) } };
  },
});

export const claimOperations = [claim];

function viewOf(one: Claim) {
  return {
    id: one.id,
    type: one.type,
    queue: one.queue,
    payload: one.payload,
    attempt: one.attempt,
    idempotencyKey: `${one.id}.${one.epoch}`,
    maxAttempts: one.maxAttempts,
    timeout: one.timeoutMs,
    fence: one.fence,
    leaseExpiresAt: isoOf(one.leaseExpiresAt),
    state: one.state,
    metadata: one.metadata,
  };
}
