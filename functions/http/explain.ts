import { z } from 'zod';
import { HoldfastError } from '../../src/core/index.js';
import { EXPLANATIONS, type Explained, STATUSES } from '../../src/promises/index.js';
import { explain } from '../../src/tasks/index.js';
import { defineOperation } from './operation.js';
import { isoOf } from './promise-view.js';
import { idParams } from './promises.js';

const at = z.iso.datetime().nullable();

const explainedView = z.object({
  id: z.string(),
  type: z.string(),
  queue: z.string(),
  status: z.enum(STATUSES),
  reasons: z
    .array(
      z.object({
        code: z.enum(EXPLANATIONS),
        message: z.string(),
        until: at.describe('when it ends by itself, as far as is known'),
        waitsFor: z.array(z.string()).describe('ids of promises, at most 100'),
      }),
    )
    .describe('everything that holds it back'),
  lastClaimedAt: at.describe('when a worker last took one of its type, as far as is known'),
});

const explainOne = defineOperation({
  id: 'explainPromise',
  method: 'get',
  path: '/v1/promises/{id}/explain',
  summary: 'Why a promise is not running',
  description:
    'By the rules that claims go by. `ready` says that nothing holds it back; `no-worker` that it is work ' +
    'for pull workers, since no task of this service has its type.',
  access: 'read',
  reach: 'own',
  params: idParams,
  answers: { 200: { description: 'every reason', schema: explainedView } },
  refusals: ['not-found'],
  handle: async ({ services, params }) => {
    const explained = await explain(services, params.id);
    if (explained === undefined) {
      throw new HoldfastError('not-found', `there is no promise ${JSON.stringify(params.id)}`);
    }
    return { body: viewOf(explained) };
  },
});

export const explainOperations = [explainOne];

function viewOf({ reasons, lastClaimedAt, ...rest }: Explained) {
  return {
    ...rest,
    reasons: reasons.map(({ untilAt, ...reason }) => ({ ...reason, until: isoOrNull(untilAt) })),
    lastClaimedAt: isoOrNull(lastClaimedAt),
  };
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : isoOf(ms);
}
