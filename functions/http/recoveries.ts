import { z } from 'zod';
import {
  RECOVERY_DECISIONS,
  RECOVERY_REASONS,
  type Recovery,
  recoveriesOf,
  recoveryPage,
} from '../../src/promises/index.js';
import { defineOperation } from './operation.js';
import { definedOf, pageQuery } from './page.js';
import { isoOf } from './promise-view.js';

const at = z.iso.datetime();

const recoveryView = z.object({
  promise: z.string(),
  queue: z.string(),
  type: z.string(),
  reason: z
    .enum(RECOVERY_REASONS)
    .describe(
      'why: its worker was lost; the same, and nothing was heard of it since the claim; it was due ' +
        'where no claim looked, or in a lane that let nobody in; its parents were settled',
    ),
  worker: z.string().nullable().describe('who had it; null: nobody'),
  lastHeartbeatAt: at.nullable().describe('null: it never sent one'),
  decision: z.enum(RECOVERY_DECISIONS),
  nextRunAt: at.nullable(),
  recoveredAt: at,
});

const list = defineOperation({
  id: 'listRecoveries',
  method: 'get',
  path: '/v1/maintenance/recoveries',
  summary: 'What recovery found and decided about each promise, newest first',
  description: 'Kept as long as the promise. With `promise` all of one promise.',
  access: 'read',
  query: z.strictObject({ ...pageQuery, promise: z.string().optional() }),
  answers: {
    200: {
      description: 'one page',
      schema: z.object({ data: z.array(recoveryView), nextCursor: z.string().nullable() }),
    },
  },
  handle: async ({ services, query }) => {
    const { promise, ...page } = definedOf(query);
    if (promise !== undefined) {
      const own = await recoveriesOf(services.queue, promise);
      return { body: { data: own.map(viewOf), nextCursor: null } };
    }
    const { recoveries, nextCursor } = await recoveryPage(services.queue, page);
    return { body: { data: recoveries.map(viewOf), nextCursor } };
  },
});

export const recoveryOperations = [list];

function viewOf({ promiseId, lastHeartbeatAt, nextRunAt, recoveredAt, ...rest }: Recovery) {
  return {
    promise: promiseId,
    ...rest,
    lastHeartbeatAt: lastHeartbeatAt === null ? null : isoOf(lastHeartbeatAt),
    nextRunAt: nextRunAt === null ? null : isoOf(nextRunAt),
    recoveredAt: isoOf(recoveredAt),
  };
}
