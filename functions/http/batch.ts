import { z } from 'zod';
import { HoldfastError, InputInvalidError, inputIssues, text } from '../../src/core/index.js';
import { idOf, LIMITS, newPromise, STATUSES } from '../../src/promises/index.js';
import { type BulkItem, type BulkOutcome, makeBulk } from '../../src/tasks/index.js';
import type { CallServices } from './call-services.js';
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
    'An item that is refused does not keep the others. An item may have a `ref`, unique in the call, and ' +
    'others may depend on it: `"dependsOn": ["ref:NAME"]`. `join` is made last and depends on all that were ' +
    'made: it is given their results. The body may be 8 MiB.',
  access: 'produce',
  reach: 'own',
  bodySize: 'batch',
  body: z.strictObject({
    promises: z.array(z.unknown()).min(1).max(LIMITS.setSizeMax),
    join: newPromise
      .optional()
      .describe('a promise that depends on all of them; it gives no dependsOn of its own'),
  }),
  example: {
    promises: [
      { type: 'echo', payload: 1, ref: 'first' },
      { type: 'echo', payload: 2, dependsOn: ['ref:first'] },
    ],
    join: { type: 'echo', payload: 'both are kept' },
  },
  answers: {
    200: {
      description: 'one result an item',
      schema: z.object({
        results: z.array(z.union([madeItem, refusedItem])),
        join: z.union([madeItem, refusedItem]).optional(),
      }),
    },
  },
  idempotency: 'reserve',
  handle: async ({ services, body, ticket }) => {
    // Sent again after it was broken off, each item has the same id, and is made once.
    const ids = (index: number) => ticket && idOf(ticket.token, index);
    const items = body.promises.map((item, index) => parseItem(item, index, ids(index)));
    const accepted = items.filter((item): item is BulkItem => !(item instanceof HoldfastError));
    const outcomes = (await makeBulk(services, accepted)).values();
    const results = items.map((item) =>
      item instanceof HoldfastError ? item : (outcomes.next().value as BulkOutcome),
    );
    const last =
      body.join === undefined
        ? []
        : [await makeLast(services, { promise: body.join, id: ids(items.length) }, results)];
    const made = [...results, ...last].flatMap((result) =>
      result instanceof HoldfastError || result.deduplicated ? [] : [result.promise],
    );
    if (made.length > 0) services.onMade(made);
    const [join] = last.map(viewOfResult);
    return {
      body: { results: results.map(viewOfResult), ...(join === undefined ? {} : { join }) },
    };
  },
});

export const batchOperations = [batch];

const itemRef = z.object({ ref: text(1, 200).optional() });

function parseItem(item: unknown, index: number, id: string | undefined): BulkItem | HoldfastError {
  if (isUnnamed(item)) return parsePromise(item, index, { id });
  const named = itemRef.safeParse(item);
  if (!named.success) return refusedItemOf(named.error, item, index);
  const { ref: _ref, ...fields } = item as { readonly ref?: unknown };
  return parsePromise(fields, index, { id, ref: named.data.ref });
}

/** Most are: then nothing is taken out of them first. */
function isUnnamed(item: unknown): boolean {
  return typeof item === 'object' && item !== null && !('ref' in item);
}

function parsePromise(
  fields: unknown,
  index: number,
  { id, ref }: Omit<BulkItem, 'promise'>,
): BulkItem | HoldfastError {
  const parsed = newPromise.safeParse(fields);
  if (parsed.success) return { promise: parsed.data, ref, id };
  return refusedItemOf(parsed.error, fields, index);
}

function refusedItemOf(error: z.ZodError, item: unknown, index: number): InputInvalidError {
  return new InputInvalidError(inputIssues(error, item, `promises.${index}`));
}

/** Fan-in: made when all it depends on are, however many of them were refused. */
async function makeLast(
  services: CallServices,
  { promise, ...id }: BulkItem,
  results: readonly BulkOutcome[],
): Promise<BulkOutcome> {
  const parents = results.flatMap((result) =>
    result instanceof HoldfastError ? [] : [result.promise.id],
  );
  const dependsOn = [...new Set(parents)];
  const item = { ...id, promise: dependsOn.length === 0 ? promise : { ...promise, dependsOn } };
  const [made] = await makeBulk(services, [item]);
  return made as BulkOutcome;
}

function viewOfResult(result: BulkOutcome) {
  if (result instanceof HoldfastError) return { error: problemOf(result) };
  const { promise, deduplicated } = result;
  return { id: promise.id, status: promise.status, deduplicated };
}
