import { z } from 'zod';
import { HoldfastError, newId, text } from '../../src/core/index.js';
import {
  type Enqueued,
  isSettled,
  name,
  newPromise,
  type PromiseFilter,
  type PromisePage,
  type PromiseRecord,
  promiseChange,
  STATUSES,
} from '../../src/promises/index.js';
import type { Principal } from './access.js';
import type { CallServices } from './call-services.js';
import { lookUntil } from './long-poll.js';
import { type Answer, defineOperation } from './operation.js';
import { definedOf, pageQuery } from './page.js';
import {
  failureViewOf,
  promiseMade,
  promiseView,
  promiseWithFailures,
  viewOf,
} from './promise-view.js';
import { queryWait } from './wait.js';

/** An id is looked up as it is: one that no promise can have is not found. */
export const idParams = z.strictObject({ id: z.string() });
export const noFields = z.strictObject({});

const EXAMPLE = {
  type: 'webhook',
  payload: { url: 'https://example.com/hook', body: { hello: 'world' } },
};

const make = defineOperation({
  id: 'makePromise',
  method: 'post',
  path: '/v1/promises',
  summary: 'Make a promise',
  description:
    'Answers when the promise is durable. With a `key` that a promise of the same type has already, ' +
    'nothing is made: the answer is 200 with that promise and `deduplicated: true`.',
  access: 'produce',
  reach: 'own',
  body: newPromise,
  example: EXAMPLE,
  answers: {
    201: { description: 'made; `Location` has its address', schema: promiseMade },
    200: { description: 'known already, by its key', schema: promiseMade },
  },
  refusals: ['address-refused', 'payload-too-large'],
  handle: async ({ services, body, ticket }) => {
    const made = await services.intake.make(body, ticket);
    if (!made.deduplicated) services.onMade([made.promise]);
    return madeAnswer(services, made);
  },
  idempotency: 'enqueue',
  replay: ({ services, body }, made) => {
    const promise = services.store.remake({ ...body, id: made.id }, made);
    return madeAnswer(services, { promise, deduplicated: false });
  },
});

function madeAnswer({ registry }: CallServices, { promise, deduplicated }: Enqueued): Answer {
  return {
    status: deduplicated ? 200 : 201,
    headers: { Location: `/v1/promises/${promise.id}` },
    body: { ...viewOf(promise, registry), deduplicated },
  };
}

const list = defineOperation({
  id: 'listPromises',
  method: 'get',
  path: '/v1/promises',
  summary: 'List promises, newest first',
  description:
    'A page may be short, even empty, with more to come: go on while `nextCursor` is not null.',
  access: 'read',
  reach: 'own',
  query: z
    .strictObject({
      status: z.enum(STATUSES).optional(),
      queue: name.optional(),
      type: name.optional(),
      key: text(1, 512).optional(),
      tag: text(1, 100).optional(),
      ...pageQuery,
    })
    .refine(({ key, tag }) => key === undefined || tag === undefined, {
      path: ['tag'],
      error: 'cannot be given together with key',
    }),
  answers: {
    200: {
      description: 'one page',
      schema: z.object({ data: z.array(promiseView), nextCursor: z.string().nullable() }),
    },
  },
  handle: async ({ services, principal, query }) => {
    const { promises, nextCursor } = await pageOf(services, principal, query);
    return { body: { data: promises.map((one) => viewOf(one, services.registry)), nextCursor } };
  },
});

const get = defineOperation({
  id: 'getPromise',
  method: 'get',
  path: '/v1/promises/{id}',
  summary: 'Look at one promise, or wait until it is settled',
  description:
    'With `wait` the answer is held back until the promise is settled, at most 5 minutes; it is then ' +
    'the promise as it is. On Workers a wait ends after 20 looks, about 35 seconds.',
  access: 'read',
  reach: 'own',
  params: idParams,
  query: z.strictObject({ wait: queryWait.optional() }),
  answers: {
    200: { description: 'the promise with its failed attempts', schema: promiseWithFailures },
  },
  refusals: ['not-found'],
  handle: async ({ services, params, query, signal }) => {
    const promise = await lookUntil(
      { look: () => find(services, params.id), isDone: ({ status }) => isSettled(status) },
      query.wait ?? 0,
      signal,
      services.waiting,
    );
    return { body: await withFailures(services, promise) };
  },
});

const change = defineOperation({
  id: 'changePromise',
  method: 'patch',
  path: '/v1/promises/{id}',
  summary: 'Change a promise that is not running',
  description:
    'What waits to run, or a failed one before it is run again. Fields that are left out stay as they are.',
  access: 'produce',
  reach: 'own',
  params: idParams,
  body: promiseChange,
  example: { priority: 1, delay: '5m' },
  answers: { 200: { description: 'the promise as it is now', schema: promiseWithFailures } },
  refusals: [
    'not-found',
    'promise-running',
    'promise-settled',
    'address-refused',
    'payload-too-large',
  ],
  handle: async ({ services, params, body }) => {
    const { type } = await find(services, params.id);
    if (body.payload !== undefined) services.intake.check({ type, payload: body.payload });
    const outcome = await services.store.change(params.id, body);
    const promise = await find(services, params.id);
    if (outcome === 'promise-running' || outcome === 'promise-settled') {
      throw new HoldfastError(outcome, `the promise is ${promise.status} and stays as it is`);
    }
    services.onMade([promise]);
    return { body: await withFailures(services, promise) };
  },
});

const cancel = defineOperation({
  id: 'cancelPromise',
  method: 'post',
  path: '/v1/promises/{id}/cancel',
  summary: 'Cancel a promise, also while it runs',
  description: 'Cancelling what is cancelled changes nothing and answers the same.',
  access: 'produce',
  reach: 'own',
  params: idParams,
  body: z.strictObject({ reason: text(1, 1_000).optional() }),
  bodyOptional: true,
  answers: { 200: { description: 'the cancelled promise', schema: promiseWithFailures } },
  refusals: ['not-found', 'promise-settled'],
  handle: async ({ services, params, body }) => {
    const outcome = await services.store.cancel(params.id, body.reason);
    const promise = await find(services, params.id);
    if (outcome === 'promise-settled' && promise.status !== 'cancelled') {
      throw new HoldfastError('promise-settled', `the promise is ${promise.status} already`);
    }
    return { body: await withFailures(services, promise) };
  },
});

const retry = defineOperation({
  id: 'retryPromise',
  method: 'post',
  path: '/v1/promises/{id}/retry',
  summary: 'Run a settled promise again, from its first attempt',
  access: 'produce',
  reach: 'own',
  params: idParams,
  body: noFields,
  bodyOptional: true,
  answers: { 200: { description: 'the promise, pending again', schema: promiseWithFailures } },
  refusals: ['not-found', 'promise-not-settled'],
  handle: async ({ services, params }) => {
    const outcome = await services.store.retry(params.id, newId());
    const promise = await find(services, params.id);
    if (outcome === 'promise-not-settled') {
      throw new HoldfastError(
        'promise-not-settled',
        `the promise is ${promise.status}: nothing to run again`,
      );
    }
    services.onMade([promise]);
    return { body: await withFailures(services, promise) };
  },
});

export const promiseOperations = [make, list, get, change, cancel, retry];

/**
 * One page of promises, its cursor as it goes out.
 * @throws InputInvalidError naming the cursor
 */
export async function pageOf(
  { store, cursors }: CallServices,
  principal: Principal,
  { cursor: sealed, ...filter }: PageFilter,
): Promise<PromisePage> {
  const cursor = await cursors.open('promises', principal, sealed);
  const page = await store.list(definedOf({ ...filter, cursor }));
  return { ...page, nextCursor: await cursors.seal('promises', principal, page.nextCursor) };
}

type PageFilter = { readonly limit: number } & {
  readonly [K in keyof Omit<PromiseFilter, 'scope' | 'limit'>]?: PromiseFilter[K] | undefined;
};

/** @throws HoldfastError `not-found` */
export async function find(services: CallServices, id: string): Promise<PromiseRecord> {
  const promise = await services.store.get(id);
  if (promise === undefined)
    throw new HoldfastError('not-found', `there is no promise ${JSON.stringify(id)}`);
  return promise;
}

async function withFailures(services: CallServices, promise: PromiseRecord) {
  const failures = await services.store.failures(promise.id);
  return { ...viewOf(promise, services.registry), failures: failures.map(failureViewOf) };
}
