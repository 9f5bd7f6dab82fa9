import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { parseInput } from '../../src/core/index.js';
import { requireScope } from './access.js';
import { readJson } from './body.js';
import type { HttpContext } from './http-context.js';
import type { Answer, Call, Operation } from './operation.js';

/** Runs one operation for one request: scope, then parameters, then body. */
export async function dispatch(operation: Operation, context: HttpContext): Promise<Response> {
  const principal = context.get('principal');
  if (operation.access !== 'open' && principal !== undefined) {
    requireScope(principal, operation.access);
  }
  const services = context.env;
  const call: Call<unknown, unknown, unknown> = {
    services,
    principal,
    params: parseOr(operation.params, context.req.param()),
    query: parseOr(operation.query, queryOf(context)),
    body: await bodyOf(operation, context),
    get signal() {
      return AbortSignal.any([context.req.raw.signal, services.stopping]);
    },
  };
  return answer(context, await operation.handle(call));
}

export function answer(
  context: HttpContext,
  { status = 200, headers = {}, body }: Answer,
): Response {
  return context.body(JSON.stringify(body), status as ContentfulStatusCode, {
    'Content-Type': 'application/json',
    ...headers,
  });
}

function parseOr(schema: Operation['params'], value: unknown): unknown {
  return schema === undefined ? undefined : parseInput(schema, value);
}

/** A parameter that is given twice becomes a list, which no schema takes. */
function queryOf(context: HttpContext): Record<string, string | string[]> {
  const queries = Object.entries(context.req.queries());
  return Object.fromEntries(
    queries.map(([name, all]) => [name, all.length === 1 ? (all[0] ?? '') : all]),
  );
}

async function bodyOf(operation: Operation, context: HttpContext): Promise<unknown> {
  if (operation.body === undefined) return undefined;
  const { HOLDFAST_BODY_BYTES_MAX: single, HOLDFAST_BATCH_BYTES_MAX: batch } = context.env.settings;
  const body = await readJson(context.req.raw, operation.bodySize === 'batch' ? batch : single);
  return parseInput(operation.body, body ?? (operation.bodyOptional ? {} : undefined));
}
