import { z } from 'zod';
import { duration, HoldfastError, json, text } from '../../src/core/index.js';
import { LIMITS, type Settlement, type SettleOutcome, STATUSES } from '../../src/promises/index.js';
import type { Principal } from './access.js';
import { attemptError, attemptErrorOf, fence, leaseLost } from './attempts.js';
import type { CallServices } from './call-services.js';
import { admitChildren, children, dueOf } from './children.js';
import { problemOf } from './errors.js';
import { defineOperation } from './operation.js';
import { problem } from './problem.js';

const held = { id: text(1, 100), fence };

const settlement = z.discriminatedUnion('outcome', [
  z.strictObject({
    ...held,
    outcome: z.literal('complete'),
    result: json.optional(),
    children: children.optional(),
  }),
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
    'One result an item, in their order. An item that is refused does not keep the others. `children` ' +
    'need a key that may produce too.',
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
  handle: async ({ services, principal, body }) => {
    const refusals = body.settlements.map((item) => refusalOf(item, services, principal));
    const accepted = body.settlements.filter((_item, at) => refusals[at] === undefined);
    const settled = await services.store.settle(accepted.map(settlementOf));
    const made = accepted.filter((_item, at) => settled[at]?.applied).flatMap(madeBy);
    if (made.length > 0) services.onMade(made);
    const outcomes = settled.values();
    const results = body.settlements.map(({ id }, at) => {
      const refusal = refusals[at];
      if (refusal === undefined) return viewOf(outcomes.next().value as SettleOutcome);
      return { id, applied: false, error: problemOf(refusal) };
    });
    return { body: { results } };
  },
});

export const settlementOperations = [settle];

/** What an item has made. */
function madeBy(item: z.output<typeof settlement>) {
  return item.outcome === 'complete' ? dueOf(item.children ?? []) : [];
}

/** Why what an item makes cannot be made. */
function refusalOf(
  item: z.output<typeof settlement>,
  services: CallServices,
  principal: Principal,
): HoldfastError | undefined {
  if (item.outcome !== 'complete' || item.children === undefined) return undefined;
  try {
    admitChildren(item.children, services, principal);
    return undefined;
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
}

function settlementOf(item: z.output<typeof settlement>): Settlement {
  const { id, fence } = item;
  switch (item.outcome) {
    case 'complete':
      return {
        id,
        fence,
        outcome: 'complete',
        result: item.result ?? null,
        ...(item.children === undefined ? {} : { children: item.children }),
      };
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
