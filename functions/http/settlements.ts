import { z } from 'zod';
import { duration, HoldfastError, json, text } from '../../src/core/index.js';
import { LIMITS, type Settlement, type SettleOutcome, STATUSES } from '../../src/promises/index.js';
import { attemptError, attemptErrorOf, fence, leaseLost } from './attempts.js';
import { problemOf } from './errors.js';
import { defineOperation } from './operation.js';
import { problem } from './problem.js';

const held = { id: text(1, 100), fence };

const settlement = z.discriminatedUnion('outcome', [
  z.strictObject({ ...held, outcome: z.literal('complete'), result: json.optional() }),
  z.strictObject({
    ...held,
    outcome: z.literal('fail'),
    error: attemptError.optional(),
    retryable: z.boolean().optional(),
    delay: duration.optional(),
  }),
  z.strictObject({
    ...held,
    outcome: z.literal('snooze'),
    delay: duration,
    state: json.optional(),
  }),
  z.strictObject({ ...held, outcome: z.literal('cancel'), reason: text(1, 1_000).optional() }),
]);

const settle = defineOperation({
  id: 'settlePromises',
  method: 'post',
  path: '/v1/settlements',
  summary: `Settle up to ${LIMITS.setSizeMax.toLocaleString('en')} running attempts in one write`,
  description:
    'One result an item, in their order. An item that is refused does not keep the others.',
  access: 'consume',
  reach: 'own',
  bodySize: 'batch',
  body: z.strictObject({ settlements: z.array(settlement).min(1).max(LIMITS.setSizeMax) }),
  example: {
    settlements: [
      { id: '01890a5d-ac96-774b-bcce-b302099a8057', fence: 1, outcome: 'complete', result: 42 },
    ],
  },
  answers: {
    200: {
      description: 'one result an item',
      schema: z.object({
        results: z.array(
          z.union([
            z.object({ id: z.string(), applied: z.literal(true), status: z.enum(STATUSES) }),
            z.object({ id: z.string(), applied: z.literal(false), error: problem }),
          ]),
        ),
      }),
    },
  },
  handle: async ({ services, body }) => {
    const outcomes = await services.store.settle(body.settlements.map(settlementOf));
    return { body: { results: outcomes.map(viewOf) } };
  },
});

export const settlementOperations = [settle];

function settlementOf(item: z.output<typeof settlement>): Settlement {
  const { id, fence } = item;
  switch (item.outcome) {
    case 'complete':
      return { id, fence, outcome: 'complete', result: item.result ?? null };
    case 'snooze':
      return {
        id,
        fence,
        outcome: 'snooze',
        delayMs: item.delay,
        ...(item.state === undefined ? {} : { state: item.state }),
      };
    case 'cancel':
      return {
        id,
        fence,
        outcome: 'cancel',
        ...(item.reason === undefined ? {} : { reason: item.reason }),
      };
    case 'fail':
      return {
        id,
        fence,
        outcome: 'fail',
        error: attemptErrorOf(item.error),
        ...(item.retryable === undefined ? {} : { retryable: item.retryable }),
        ...(item.delay === undefined ? {} : { delayMs: item.delay }),
      };
  }
}

function viewOf(outcome: SettleOutcome) {
  if (outcome.applied) return { id: outcome.id, applied: true, status: outcome.status };
  const error =
    outcome.reason === 'lease-lost'
      ? leaseLost()
      : new HoldfastError('not-found', 'there is no such promise');
  return { id: outcome.id, applied: false, error: problemOf(error) };
}
