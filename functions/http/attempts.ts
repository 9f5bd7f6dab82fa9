import { z } from 'zod';
import { duration, HoldfastError, json, text } from '../../src/core/index.js';
import type { Settlement, SettleOutcome } from '../../src/promises/index.js';
import type { Services } from '../services.js';
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
    const [outcome] = await services.store.heartbeat([
      body.lease === undefined ? beat : { ...beat, leaseMs: body.lease },
    ]);
    if (outcome?.held !== true) {
      await find(services, params.id);
      throw leaseLost();
    }
    return { body: { id: outcome.id, leaseExpiresAt: isoOf(outcome.leaseExpiresAt) } };
  },
});

const complete = settling(
  'completePromise',
  'complete',
  'Complete a running attempt, with its result',
  z.strictObject({ fence, result: json.optional() }),
  { fence: 1, result: { sent: true } },
  (held, body) => ({
    ...held,
    outcome: 'complete',
    ...(body.result === undefined ? {} : { result: body.result }),
  }),
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
  'Give a running attempt back for later; it burns no attempt',
  z.strictObject({ fence, delay: duration }),
  { fence: 1, delay: '5m' },
  (held, body) => ({ ...held, outcome: 'snooze', delayMs: body.delay }),
);

export const attemptOperations = [heartbeat, complete, fail, snooze];

type Held = Pick<Settlement, 'id' | 'fence'>;

function settling<B extends { readonly fence: number }>(
  id: string,
  verb: string,
  summary: string,
  body: z.ZodType<B>,
  example: unknown,
  settlementOf: (held: Held, body: B) => Settlement,
): Operation {
  return defineOperation({
    id,
    method: 'post',
    path: `/v1/promises/{id}/${verb}`,
    summary,
    description:
      'With the `fence` of the claim. Sent again after a lost answer it gives the same answer.',
    access: 'consume',
    params: idParams,
    body,
    example,
    answers: { 200: { description: 'the promise after it', schema: promiseView } },
    refusals: [...REFUSALS, 'payload-too-large'],
    handle: async ({ services, params, body }) => {
      const settlement = settlementOf({ id: params.id, fence: body.fence }, body);
      const [outcome] = await services.store.settle([settlement]);
      return { body: viewOf(await settled(services, outcome, params.id)) };
    },
  });
}

async function settled(services: Services, outcome: SettleOutcome | undefined, id: string) {
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
