import { z } from 'zod';
import { newId, text } from '../../src/core/index.js';
import { LIMITS, name, type Retried } from '../../src/promises/index.js';
import type { Principal } from './access.js';
import type { CallServices } from './call-services.js';
import { defineOperation } from './operation.js';
import { promiseView, viewOf } from './promise-view.js';
import { idParams, pageOf } from './promises.js';

/** Dead letters in one call by filter. */
const FILTER_LIMIT = 100;

const body = z
  .strictObject({
    ids: z.array(text(1, 100)).min(1).max(LIMITS.setSizeMax).optional(),
    /** Which settled promises, when no ids are given. Default `failed`. */
    status: z.enum(['failed', 'cancelled', 'completed']).optional(),
    queue: name.optional(),
    type: name.optional(),
    limit: z.int().min(1).max(FILTER_LIMIT).optional(),
    cursor: z.string().optional(),
  })
  .refine(
    ({ ids, ...filter }) =>
      ids === undefined || Object.values(filter).every((one) => one === undefined),
    { path: ['ids'], message: 'goes alone: a filter chooses the promises otherwise' },
  );

const retryMany = defineOperation({
  id: 'retryPromises',
  method: 'post',
  path: '/v1/promises/retry',
  summary: 'Run many settled promises again: dead letters are replayed',
  description:
    'By `ids`, or a page of those that a filter finds, the latest first: go on with `nextCursor` while ' +
    'it is not null.',
  access: 'produce',
  reach: 'own',
  body,
  example: { status: 'failed', queue: 'default', type: 'webhook' },
  answers: {
    200: {
      description: 'one result a promise',
      schema: z.object({
        results: z.array(
          z.object({
            id: z.string(),
            outcome: z.enum(['retried', 'not-found', 'promise-not-settled']),
          }),
        ),
        nextCursor: z.string().nullable(),
      }),
    },
  },
  handle: async ({ services, principal, body: asked }) => {
    const { ids, nextCursor } = await chosen(services, principal, asked);
    const found = await retried(services, ids);
    services.onMade([...found.values()].filter(({ outcome }) => outcome === 'retried'));
    const results = ids.map((id) => ({ id, outcome: found.get(id)?.outcome ?? 'not-found' }));
    return { body: { results, nextCursor } };
  },
});

const parents = defineOperation({
  id: 'listParents',
  method: 'get',
  path: '/v1/promises/{id}/parents',
  summary: 'The promises that one depends on, with their results',
  description: 'Those that retention took are left out.',
  access: 'read',
  reach: 'own',
  params: idParams,
  answers: {
    200: {
      description: 'in the order they were made',
      schema: z.object({ data: z.array(promiseView) }),
    },
  },
  handle: async ({ services, params }) => {
    const found = await services.store.parents(params.id);
    const whole = await Promise.all(found.map(({ id }) => services.store.get(id)));
    return {
      body: {
        data: whole.flatMap((one) => (one === undefined ? [] : [viewOf(one, services.registry)])),
      },
    };
  },
});

export const bulkOperations = [retryMany, parents];

async function retried(
  { store }: CallServices,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Retried>> {
  return ids.length === 0 ? new Map() : store.retryAll(ids, newId());
}

async function chosen(services: CallServices, principal: Principal, asked: z.output<typeof body>) {
  if (asked.ids !== undefined) return { ids: [...new Set(asked.ids)], nextCursor: null };
  const { status = 'failed', limit = FILTER_LIMIT, queue, type, cursor } = asked;
  const filter = { status, limit, queue, type, cursor };
  const { promises, nextCursor } = await pageOf(services, principal, filter);
  return { ids: promises.map(({ id }) => id), nextCursor };
}
