import { z } from 'zod';
import { duration, HoldfastError, json, text } from '../../src/core/index.js';
import {
  type Heartbeat,
  LIMITS,
  type Settlement,
  type SettleOutcome,
} from '../../src/promises/index.js';
import type { CallServices } from './call-services.js';
import { admitChildren, type Children, children, dueOf } from './children.js';
import { lease } from './claims.js';
import { defineOperation, type Operation } from './operation.js';
import { isoOf, promiseView, viewOf } from './promise-view.js';
import { find, idParams } from './promises.js';

export const fence = z.int().min(0);

/** Why an attempt failed: a message, or more. */
export const attemptError = z.union([
  text(1, 2_000),
  z.strictObject({
    code: text(1, 100).optional(),
    message: text(1, 2_000),
    details: json.optional(),
  }),
]);

const UNNAMED = { code: 'run-failed', message: 'the worker gave no reason' } as const;

/** What was sent, as it is stored. */
export function attemptErrorOf(error: z.output<typeof attemptError> | undefined) {
  if (error === undefined) return UNNAMED;
  if (typeof error === 'string') return { code: UNNAMED.code, message: error };
  const { code = UNNAMED.code, message, details } = error;
  return { code, message, ...(details === undefined ? {} : { details }) };
}

/** What all these refuse with. */
const REFUSALS = ['not-found', 'lease-lost'] as const;

const heartbeat = defineOperation({
  id: 'heartbeat',
  method: 'post',
  path: '/v1/promises/{id}/heartbeat',
  summary: 'Extend the lease of a running attempt',
  description: '409 `lease-lost` tells that the attempt is over: stop working on it.',
  access: 'consume',
  reach: 'own',
  params: idParams,
  body: z.strictObject({ fence, lease: lease.optional() }),
  example: { fence: 1, lease: '30s' },
  answers: {
    200: {
      description: 'the lease holds',
      schema: z.object({ id: z.string(), leaseExpiresAt: z.iso.datetime() }),
    },
  },
  refusals: REFUSALS,
  handle: async ({ services, params, body }) => {
    const beat = { id: params.id, fence: body.fence };
    const sent = body.lease === undefined ? beat : { ...beat, leaseMs: body.lease };
    return beatAnswer(services, params.id, sent);
  },
});

const beats = defineOperation({
  id: 'heartbeats',
  method: 'post',
  path: '/v1/heartbeats',
  summary: 'Extend the leases of many running attempts in one write, and say how far they are',
  description: 'One result an item. One that is not `held` is over: stop working on it.',
  access: 'consume',
  reach: 'own',
  bodySize: 'batch',
  body: z.strictObject({
    beats: z
      .array(
        z.strictObject({
          id: text(1, 100),
          fence,
          lease: lease.optional(),
          progress: z
            .strictObject({
              percent: z.number().min(0).max(100).nullable(),
              message: text(1, 1_000).nullable(),
            })
            .optional(),
        }),
      )
      .min(1)
      .max(LIMITS.setSizeMax),
  }),
  example: { beats: [{ id: '01890a5d-ac96-774b-bcce-b302099a8057', fence: 1, lease: '30s' }] },
  answers: {
    200: {
      description: 'one result an item',
      schema: z.object({
        results: z.array(
          z.object({
            id: z.string(),
            held: z.boolean(),
            leaseExpiresAt: z.iso.datetime().nullable(),
          }),
        ),
      }),
    },
  },
  handle: async ({ services, body }) => {
    const outcomes = await services.store.heartbeat(
      body.beats.map(({ id, fence: held, lease: leaseMs, progress: told }) => ({
        id,
        fence: held,
        ...(leaseMs === undefined ? {} : { leaseMs }),
        ...(told === undefined ? {} : { progress: told }),
      })),
    );
    const results = outcomes.map((one) => ({
      id: one.id,
      held: one.held,
      leaseExpiresAt: one.held ? isoOf(one.leaseExpiresAt) : null,
    }));
    return { body: { results } };
  },
});

const complete = settling(
  'completePromise',
  'complete',
  'Complete a running attempt, with its result and what it makes',
  z.strictObject({ fence, result: json.optional(), children: children.optional() }),
  { fence: 1, result: { sent: true } },
  (held, body) => ({
    ...held,
    outcome: 'complete',
    ...(body.result === undefined ? {} : { result: body.result }),
    ...(body.children === undefined ? {} : { children: body.children }),
  }),
  '`children` need a key that may produce too.',
);

const fail = settling(
  'failPromise',
  'fail',
  'Fail a running attempt: tried again while attempts are left, unless `retryable` is false',
  z.strictObject({
    fence,
    error: attemptError.optional(),
    retryable: z.boolean().optional(),
    delay: duration.optional(),
  }),
  { fence: 1, error: { code: 'smtp-down', message: 'no answer from the mail server' } },
  (held, body) => ({
    ...held,
    outcome: 'fail',
    error: attemptErrorOf(body.error),
    ...(body.retryable === undefined ? {} : { retryable: body.retryable }),
    ...(body.delay === undefined ? {} : { delayMs: body.delay }),
  }),
);

const snooze = settling(
  'snoozePromise',
  'snooze',
  'Give a running attempt back for later; it burns no attempt. The next run is given its `state`',
  z.strictObject({ fence, delay: duration, state: json.optional() }),
  { fence: 1, delay: '5m', state: { page: 3 } },
  (held, body) => ({
    ...held,
    outcome: 'snooze',
    delayMs: body.delay,
    ...(body.state === undefined ? {} : { state: body.state }),
  }),
);

const progress = defineOperation({
  id: 'reportProgress',
  method: 'post',
  path: '/v1/promises/{id}/progress',
  summary: 'Say how far a running attempt is; extends its lease too',
  access: 'consume',
  reach: 'own',
  params: idParams,
  body: z
    .strictObject({
      fence,
      percent: z.number().min(0).max(100).optional(),
      message: text(1, 1_000).optional(),
    })
    .refine(({ percent, message }) => percent !== undefined || message !== undefined, {
      error: 'must have a percent or a message',
    }),
  example: { fence: 1, percent: 40, message: '400 of 1,000 rows' },
  answers: {
    200: {
      description: 'stored; the lease holds',
      schema: z.object({ id: z.string(), leaseExpiresAt: z.iso.datetime() }),
    },
  },
  refusals: REFUSALS,
  handle: async ({ services, params, body: { fence: held, percent, message } }) => {
    const told = { percent: percent ?? null, message: message ?? null };
    const beat = { id: params.id, fence: held, progress: told };
    return beatAnswer(services, params.id, beat);
  },
});

export const attemptOperations = [heartbeat, beats, progress, complete, fail, snooze];

async function beatAnswer(services: CallServices, id: string, beat: Heartbeat) {
  const [outcome] = await services.store.heartbeat([beat]);
  if (outcome?.held !== true) {
    await find(services, id);
    throw leaseLost();
  }
  return { body: { id, leaseExpiresAt: isoOf(outcome.leaseExpiresAt) } };
}

type Held = Pick<Settlement, 'id' | 'fence'>;

interface SettlingBody {
  readonly fence: number;
  readonly children?: Children | undefined;
}

function settling<B extends SettlingBody>(
  id: string,
  verb: string,
  summary: string,
  body: z.ZodType<B>,
  example: unknown,
  settlementOf: (held: Held, body: B) => Settlement,
  more = '',
): Operation {
  return defineOperation({
    id,
    method: 'post',
    path: `/v1/promises/{id}/${verb}`,
    summary,
    description:
      `With the \`fence\` of the claim. Sent again after a lost answer it gives the same answer. ${more}`.trimEnd(),
    access: 'consume',
    reach: 'own',
    params: idParams,
    body,
    example,
    answers: { 200: { description: 'the promise after it', schema: promiseView } },
    refusals: [...REFUSALS, 'address-refused', 'payload-too-large'],
    handle: async ({ services, principal, params, body }) => {
      const { children: made } = body;
      if (made !== undefined) admitChildren(made, services, principal);
      const settlement = settlementOf({ id: params.id, fence: body.fence }, body);
      const [outcome] = await services.store.settle([settlement]);
      const promise = await settled(services, outcome, params.id);
      if (made !== undefined) services.onMade(dueOf(made));
      return { body: viewOf(promise, services.registry) };
    },
  });
}

async function settled(services: CallServices, outcome: SettleOutcome | undefined, id: string) {
  const promise = await find(services, id);
  if (outcome?.applied !== true) throw leaseLost();
  return promise;
}

export function leaseLost(): HoldfastError {
  return new HoldfastError(
    'lease-lost',
    'the attempt with this fence is over: its lease ran out, or it was settled, cancelled or claimed anew',
  );
}
