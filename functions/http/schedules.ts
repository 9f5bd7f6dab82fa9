import { z } from 'zod';
import { HoldfastError } from '../../src/core/index.js';
import { instant, newSchedule, type Schedule, schedulePatch } from '../../src/promises/index.js';
import type { CallServices } from './call-services.js';
import { defineOperation, type Operation } from './operation.js';
import { definedOf, pageQuery } from './page.js';
import { isoOf, promiseView, viewOf } from './promise-view.js';
import { find, noFields } from './promises.js';
import { occurrenceView, occurrenceViewOf, scheduleView, scheduleViewOf } from './schedule-view.js';

/** A name is looked up as it is: one that no schedule can have is not found. */
const nameParams = z.strictObject({ name: z.string() });

const EXAMPLE = {
  name: 'nightly-report',
  cron: '30 2 * * *',
  timezone: 'Europe/Berlin',
  promise: { type: 'webhook', payload: { url: 'https://example.com/report' } },
  missed: 'latest',
  overlap: 'skip',
};

const create = defineOperation({
  id: 'makeSchedule',
  method: 'post',
  path: '/v1/schedules',
  summary: 'Make a schedule',
  description:
    'With `cron` (five fields, or six with seconds first, on the clocks of `timezone`) or `every`. Each ' +
    'slot makes one promise, however many instances run. Promises carry `schedule` and `slot` in their metadata.',
  access: 'produce',
  reach: 'own',
  idempotency: 'reserve',
  body: newSchedule,
  example: EXAMPLE,
  answers: { 201: { description: 'made; `Location` has its address', schema: scheduleView } },
  refusals: ['schedule-exists', 'address-refused', 'payload-too-large'],
  handle: async ({ services, body }) => {
    services.intake.check(body.promise);
    const schedule = await services.schedules.create(body);
    return {
      status: 201,
      headers: { Location: `/v1/schedules/${schedule.name}` },
      body: scheduleViewOf(schedule, services.registry),
    };
  },
});

const list = defineOperation({
  id: 'listSchedules',
  method: 'get',
  path: '/v1/schedules',
  summary: 'List schedules by name',
  access: 'read',
  reach: 'own',
  query: z.strictObject(pageQuery),
  answers: {
    200: {
      description: 'one page',
      schema: z.object({ data: z.array(scheduleView), nextCursor: z.string().nullable() }),
    },
  },
  handle: async ({ services, query }) => {
    const { schedules, nextCursor } = await services.schedules.list(definedOf(query));
    return {
      body: { data: schedules.map((one) => scheduleViewOf(one, services.registry)), nextCursor },
    };
  },
});

const get = defineOperation({
  id: 'getSchedule',
  method: 'get',
  path: '/v1/schedules/{name}',
  summary: 'Look at one schedule, with its next slots',
  access: 'read',
  reach: 'own',
  params: nameParams,
  answers: { 200: { description: 'the schedule', schema: scheduleView } },
  refusals: ['not-found'],
  handle: async ({ services, params }) => ({
    body: scheduleViewOf(await services.schedules.get(params.name), services.registry),
  }),
});

const update = defineOperation({
  id: 'changeSchedule',
  method: 'patch',
  path: '/v1/schedules/{name}',
  summary: 'Change a schedule: null takes a field away',
  description:
    'Of `cron` and `every` the one that is given replaces the other. When the times change, it goes on from now.',
  access: 'produce',
  reach: 'own',
  params: nameParams,
  body: schedulePatch,
  example: { cron: '0 3 * * *', jitter: '5m', endAt: null },
  answers: { 200: { description: 'the schedule after it', schema: scheduleView } },
  refusals: ['not-found', 'address-refused', 'payload-too-large'],
  handle: async ({ services, params, body }) => {
    if (body.promise !== undefined) services.intake.check(body.promise);
    const schedule = await services.schedules.update(params.name, body);
    return { body: scheduleViewOf(schedule, services.registry) };
  },
});

const remove = defineOperation({
  id: 'deleteSchedule',
  method: 'delete',
  path: '/v1/schedules/{name}',
  summary: 'Delete a schedule; the promises that it made stay',
  access: 'produce',
  reach: 'own',
  params: nameParams,
  answers: {
    200: {
      description: 'it is gone',
      schema: z.object({ name: z.string(), deleted: z.literal(true) }),
    },
  },
  refusals: ['not-found'],
  handle: async ({ services, params: { name } }) => {
    if (await services.schedules.remove(name)) return { body: { name, deleted: true } };
    throw new HoldfastError('not-found', `there is no schedule ${JSON.stringify(name)}`);
  },
});

const pause = switching(
  'pauseSchedule',
  'pause',
  'Fire nothing until it is resumed',
  (services, name) => services.schedules.pause(name),
);

const resume = switching(
  'resumeSchedule',
  'resume',
  'Go on from now; the slots of the pause are skipped',
  (services, name) => services.schedules.resume(name),
);

const trigger = defineOperation({
  id: 'triggerSchedule',
  method: 'post',
  path: '/v1/schedules/{name}/trigger',
  summary: 'Make its promise now, paused or not, whatever else of it is open',
  description:
    'Each call makes one. Without an `Idempotency-Key` a call that is sent again after a lost answer is ' +
    'another wish, and makes another; with one it makes one, whatever becomes of the answer.',
  access: 'produce',
  reach: 'own',
  idempotency: 'reserve',
  params: nameParams,
  body: noFields,
  bodyOptional: true,
  answers: { 201: { description: 'the promise that was made', schema: promiseView } },
  refusals: ['not-found'],
  handle: async ({ services, params, ticket }) => {
    const { id } = await services.schedules.trigger(params.name, ticket?.token);
    const promise = await find(services, id);
    services.onMade([promise]);
    return {
      status: 201,
      headers: { Location: `/v1/promises/${promise.id}` },
      body: viewOf(promise, services.registry),
    };
  },
});

const backfill = defineOperation({
  id: 'backfillSchedule',
  method: 'post',
  path: '/v1/schedules/{name}/backfill',
  summary: 'Make the promises of past slots that were not made, at most 1,000',
  description:
    'From `from` to before `to`; slots that are not due yet are left out. Sent again it makes none twice. Unless ' +
    '`overlap` is `allow` they run one after the other. `dryRun` makes nothing.',
  access: 'produce',
  reach: 'own',
  params: nameParams,
  body: z
    .strictObject({ from: instant, to: instant, dryRun: z.boolean().optional() })
    .refine(({ from, to }) => from < to, { path: ['to'], message: 'must be after from' }),
  example: { from: '2030-01-01T00:00:00Z', to: '2030-01-08T00:00:00Z', dryRun: true },
  answers: {
    200: {
      description: 'every slot of the range; `known`: its promise had been made before',
      schema: z.object({
        dryRun: z.boolean(),
        slots: z.array(
          z.object({
            slotAt: z.iso.datetime(),
            promise: z.string().nullable(),
            known: z.boolean(),
          }),
        ),
      }),
    },
  },
  refusals: ['not-found'],
  handle: async ({ services, params, body }) => {
    const { from, to, dryRun = false } = body;
    const { slots } = await services.schedules.backfill(params.name, { from, to, dryRun });
    const made = slots.find(({ known, promiseId }) => !known && promiseId !== null);
    if (made?.promiseId != null) services.onMade([await find(services, made.promiseId)]);
    return {
      body: {
        dryRun,
        slots: slots.map(({ slotAt, promiseId, known }) => ({
          slotAt: isoOf(slotAt),
          promise: promiseId,
          known,
        })),
      },
    };
  },
});

const occurrences = defineOperation({
  id: 'listOccurrences',
  method: 'get',
  path: '/v1/schedules/{name}/occurrences',
  summary: 'What became of its slots, newest first',
  access: 'read',
  reach: 'own',
  params: nameParams,
  query: z.strictObject(pageQuery),
  answers: {
    200: {
      description: 'one page',
      schema: z.object({ data: z.array(occurrenceView), nextCursor: z.string().nullable() }),
    },
  },
  refusals: ['not-found'],
  handle: async ({ services, params, query }) => {
    const page = await services.schedules.occurrences(params.name, definedOf(query));
    return {
      body: { data: page.occurrences.map(occurrenceViewOf), nextCursor: page.nextCursor },
    };
  },
});

export const scheduleOperations = [
  create,
  list,
  get,
  update,
  remove,
  pause,
  resume,
  trigger,
  backfill,
  occurrences,
];

function switching(
  id: string,
  verb: string,
  summary: string,
  change: (services: CallServices, name: string) => Promise<Schedule>,
): Operation {
  return defineOperation({
    id,
    method: 'post',
    path: `/v1/schedules/{name}/${verb}`,
    summary,
    access: 'produce',
    reach: 'own',
    params: nameParams,
    body: noFields,
    bodyOptional: true,
    answers: { 200: { description: 'the schedule after it', schema: scheduleView } },
    refusals: ['not-found'],
    handle: async ({ services, params }) => ({
      body: scheduleViewOf(await change(services, params.name), services.registry),
    }),
  });
}
