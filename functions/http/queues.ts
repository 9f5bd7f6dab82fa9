import { z } from 'zod';
import {
  type LineCounts,
  name,
  type Queue,
  queueSettings,
  STATUSES,
  type Status,
} from '../../src/promises/index.js';
import { isOfWholeService } from './access.js';
import type { CallServices } from './call-services.js';
import { defineOperation, type Operation } from './operation.js';
import { pageQuery } from './page.js';
import { noFields } from './promises.js';

const ms = z.int().describe('milliseconds');
const rateView = z.object({ limit: z.int(), period: ms }).nullable();
const keepView = z.object({ age: ms.optional(), count: z.int().optional() });
const countsView = z.object(
  Object.fromEntries(STATUSES.map((status) => [status, z.int()])) as Record<Status, z.ZodInt>,
);

const queueView = z.object({
  name: z.string(),
  paused: z.boolean(),
  concurrency: z.int().nullable().describe('promises that run at once; null: no limit'),
  rate: rateView.describe('starts per period; null: no limit'),
  perKey: z
    .object({
      concurrency: z.int().nullable().describe('null: 1'),
      rate: rateView,
      order: z.enum(['due', 'strict']),
    })
    .describe('for each concurrencyKey'),
  lease: ms.nullable().describe('of claims that name none; null: 30 s'),
  retention: z
    .object({
      completed: keepView.optional(),
      failed: keepView.optional(),
      cancelled: keepView.optional(),
    })
    .nullable()
    .describe('null: 7 days'),
  counts: countsView,
});

const typeView = z.object({ type: z.string(), paused: z.boolean(), counts: countsView });

const queueParams = z.strictObject({ queue: name });
const typeParams = z.strictObject({ type: name });
const queueAnswer = { 200: { description: 'the queue', schema: queueView } };

const list = defineOperation({
  id: 'listQueues',
  method: 'get',
  path: '/v1/queues',
  summary: 'List queues by name, with what they hold',
  access: 'read',
  reach: 'own',
  query: z.strictObject({ ...pageQuery, cursor: name.optional() }),
  answers: {
    200: {
      description: 'one page',
      schema: z.object({ data: z.array(queueView), nextCursor: z.string().nullable() }),
    },
  },
  handle: async ({ services, query }) => {
    const { queues } = services.store;
    const page = { after: query.cursor ?? null, limit: query.limit };
    const [names, lines] = await Promise.all([queues.names(page), services.store.lines()]);
    const data = await Promise.all(names.map(async (one) => viewOf(await queues.get(one), lines)));
    const nextCursor = names.length === query.limit ? (names.at(-1) ?? null) : null;
    return { body: { data, nextCursor } };
  },
});

const get = defineOperation({
  id: 'getQueue',
  method: 'get',
  path: '/v1/queues/{queue}',
  summary: 'Look at a queue: its settings, and what it holds',
  description: 'A queue that was never named has the default settings and holds nothing.',
  access: 'read',
  reach: 'own',
  params: queueParams,
  answers: queueAnswer,
  handle: async ({ services, params }) =>
    answer(services, await services.store.queues.get(params.queue)),
});

const put = defineOperation({
  id: 'setQueue',
  method: 'put',
  path: '/v1/queues/{queue}',
  summary: 'Set limits of a queue',
  description:
    'A field that is left out stays as it is; null takes a limit away. `perKey` holds for each ' +
    '`concurrencyKey`: with `order: "strict"` promises of a key run one at a time in the order they were ' +
    'made. A new order holds for promises made from then on.',
  access: 'admin',
  reach: 'own',
  params: queueParams,
  body: queueSettings,
  example: { concurrency: 20, rate: { limit: 100, period: '1s' }, perKey: { concurrency: 2 } },
  answers: queueAnswer,
  handle: async ({ services, params, body }) => {
    const queue = await services.store.queues.set(params.queue, body);
    return answer(services, queue);
  },
});

const pause = pausing('pauseQueue', 'pause', 'Give no promises of a queue to workers');
const resume = pausing('resumeQueue', 'resume', 'Give promises of a queue to workers again');

function pausing(id: string, verb: 'pause' | 'resume', summary: string): Operation {
  return defineOperation({
    id,
    method: 'post',
    path: `/v1/queues/{queue}/${verb}`,
    summary,
    description: 'What runs goes on.',
    access: 'admin',
    reach: 'own',
    params: queueParams,
    body: noFields,
    bodyOptional: true,
    answers: queueAnswer,
    handle: async ({ services, params }) => {
      const queue = await services.store.queues.set(params.queue, { paused: verb === 'pause' });
      return answer(services, queue);
    },
  });
}

const listTypes = defineOperation({
  id: 'listTypes',
  method: 'get',
  path: '/v1/types',
  summary: 'List types, with what there is of each',
  access: 'read',
  reach: 'own',
  query: noFields,
  answers: { 200: { description: 'by name', schema: z.object({ data: z.array(typeView) }) } },
  handle: async ({ services, principal }) => {
    const [paused, lines] = await Promise.all([
      services.store.queues.pausedTypes(),
      services.store.lines(),
    ]);
    // A type that only others have is not told.
    const named = isOfWholeService(principal) ? paused : [];
    const types = new Set([...named, ...lines.map(({ type }) => type)]);
    const data = [...types].sort().map((type) => typeViewOf(type, paused, lines));
    return { body: { data } };
  },
});

const pauseType = pausingType('pauseType', 'pause', 'Give no promises of a type to workers');
const resumeType = pausingType('resumeType', 'resume', 'Give promises of a type to workers again');

function pausingType(id: string, verb: 'pause' | 'resume', summary: string): Operation {
  return defineOperation({
    id,
    method: 'post',
    path: `/v1/types/{type}/${verb}`,
    summary,
    description: 'In every queue. What runs goes on.',
    access: 'admin',
    params: typeParams,
    body: noFields,
    bodyOptional: true,
    answers: { 200: { description: 'the type', schema: typeView } },
    handle: async ({ services, params: { type } }) => {
      await services.store.queues.pauseType(type, verb === 'pause');
      const lines = await services.store.lines();
      return { body: typeViewOf(type, verb === 'pause' ? [type] : [], lines) };
    },
  });
}

export const queueOperations = [list, get, put, pause, resume, listTypes, pauseType, resumeType];

async function answer(services: CallServices, queue: Queue) {
  return { body: viewOf(queue, await services.store.lines()) };
}

function viewOf(queue: Queue, lines: readonly LineCounts[]) {
  const { leaseMs, rate, perKey, ...rest } = queue;
  return {
    ...rest,
    rate: rateOf(rate),
    perKey: { ...perKey, rate: rateOf(perKey.rate) },
    lease: leaseMs,
    counts: countsOf(lines.filter((line) => line.queue === queue.name)),
  };
}

function rateOf(rate: Queue['rate']) {
  return rate && { limit: rate.limit, period: rate.periodMs };
}

function typeViewOf(type: string, paused: readonly string[], lines: readonly LineCounts[]) {
  const counts = countsOf(lines.filter((line) => line.type === type));
  return { type, paused: paused.includes(type), counts };
}

function countsOf(lines: readonly LineCounts[]): Record<Status, number> {
  const sum = (status: Status) => lines.reduce((total, { counts }) => total + counts[status], 0);
  return Object.fromEntries(STATUSES.map((status) => [status, sum(status)])) as Record<
    Status,
    number
  >;
}
