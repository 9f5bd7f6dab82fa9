import { z } from 'zod';
import { HoldfastError } from '../../src/core/index.js';
import {
  EXPLANATIONS,
  type Explained,
  type Explanation,
  STATUSES,
} from '../../src/promises/index.js';
import type { TaskRegistry } from '../../src/tasks/index.js';
import { defineOperation } from './operation.js';
import { isoOf } from './promise-view.js';
import { idParams } from './promises.js';

const at = z.iso.datetime().nullable();

const CODES = [...EXPLANATIONS, 'no-worker'] as const;

const explainedView = z.object({
  id: z.string(),
  type: z.string(),
  queue: z.string(),
  status: z.enum(STATUSES),
  reasons: z
    .array(
      z.object({
        code: z.enum(CODES),
        message: z.string(),
        until: at.describe('when it ends by itself, as far as is known'),
        waitsFor: z.array(z.string()).describe('ids of promises, at most 100'),
      }),
    )
    .describe('everything that holds it back'),
  lastClaimedAt: at.describe('when a worker last took one of its type, as far as is known'),
});

const explain = defineOperation({
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
    const explained = await services.store.explain(params.id);
    if (explained === undefined) {
      throw new HoldfastError('not-found', `there is no promise ${JSON.stringify(params.id)}`);
    }
    return { body: viewOf(explained, services.registry) };
  },
});

export const explainOperations = [explain];

function viewOf(explained: Explained, registry: TaskRegistry) {
  const { reasons, lastClaimedAt, ...rest } = explained;
  return {
    ...rest,
    reasons: reasons.map((reason) => reasonView(reason, explained, registry)),
    lastClaimedAt: isoOrNull(lastClaimedAt),
  };
}

function reasonView(
  { code, message, untilAt, waitsFor }: Explanation,
  { type }: Explained,
  registry: TaskRegistry,
) {
  if (code === 'ready' && registry.get(type) === undefined) {
    const why = `no task of this service has the type ${type}: a pull worker must claim it`;
    return { code: 'no-worker', message: why, until: null, waitsFor };
  }
  return { code, message, until: isoOrNull(untilAt), waitsFor };
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : isoOf(ms);
}
