import { z } from 'zod';
import { HoldfastError, InputInvalidError, inputIssues } from '../../src/core/index.js';
import {
  type Enqueued,
  LIMITS,
  type NewPromise,
  newPromise,
  STATUSES,
} from '../../src/promises/index.js';
import { problemOf } from './errors.js';
import { defineOperation } from './operation.js';
import { problem } from './problem.js';

const madeItem = z.object({
  id: z.string(),
  status: z.enum(STATUSES),
  deduplicated: z.boolean(),
});
const refusedItem = z.object({ error: problem });

const batch = defineOperation({
  id: 'makePromises',
  method: 'post',
  path: '/v1/promises/batch',
  summary: `Make up to ${LIMITS.setSizeMax.toLocaleString('en')} promises`,
  description:
    'One result an item, in their order: the promise made, or the problem of an item that was refused. ' +
    'An item that is refused does not keep the others. The body may be 8 MiB.',
  access: 'produce',
  bodySize: 'batch',
  body: z.strictObject({ promises: z.array(z.unknown()).min(1).max(LIMITS.setSizeMax) }),
  example: {
    promises: [
      { type: 'echo', payload: 1 },
      { type: 'echo', payload: 2 },
    ],
  },
  answers: {
    200: {
      description: 'one result an item',
      schema: z.object({ results: z.array(z.union([madeItem, refusedItem])) }),
    },
  },
  handle: async ({ services, body }) => {
    const items = body.promises.map(parseItem);
    const accepted = items.filter((item): item is NewPromise => !(item instanceof HoldfastError));
    const outcomes = (await services.intake.makeAll(accepted)).values();
    const results = items.map((item) =>
      item instanceof HoldfastError ? item : (outcomes.next().value as Enqueued | HoldfastError),
    );
    const made = results.flatMap((result) =>
      result instanceof HoldfastError || result.deduplicated ? [] : [result.promise],
    );
    if (made.length > 0) services.onMade(made);
    return { body: { results: results.map(viewOfResult) } };
  },
});

export const batchOperations = [batch];

function parseItem(item: unknown, index: number): NewPromise | HoldfastError {
  const parsed = newPromise.safeParse(item);
  if (parsed.success) return parsed.data;
  return new InputInvalidError(inputIssues(parsed.error, item, `promises.${index}`));
}

function viewOfResult(result: Enqueued | HoldfastError) {
  if (result instanceof HoldfastError) return { error: problemOf(result) };
  const { promise, deduplicated } = result;
  return { id: promise.id, status: promise.status, deduplicated };
}
