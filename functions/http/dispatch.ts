import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { parseInput } from '../../src/core/index.js';
import { NOBODY, type Principal, requireScope, requireWholeService } from './access.js';
import { audited } from './audit.js';
import { readJson } from './body.js';
import { servicesFor } from './call-services.js';
import type { HttpContext } from './http-context.js';
import { once } from './idempotency.js';
import type { Answer, Call, Operation } from './operation.js';

/** Runs one operation for one request: scope, then parameters, then body. */
export async function dispatch(operation: Operation, context: HttpContext): Promise<Response> {
  const principal = context.get('principal') ?? NOBODY;
  const who = { principal, target: context.req.path };
  const run = () => carryOut(operation, context, principal);
  return answer(context, await audited(context.env, operation, who, run));
}

async function carryOut(
  operation: Operation,
  context: HttpContext,
  principal: Principal,
): Promise<Answer> {
  if (operation.access !== 'open') {
    requireScope(principal, operation.access);
    if (operation.reach !== 'own') requireWholeService(principal);
  }
  const services = context.env;
  const params = parseOr(operation.params, context.req.param());
  const query = operation.query && parseOr(operation.query, queryOf(context));
  const sent = await bodyOf(operation, context);
  const call: Call<unknown, unknown, unknown> = {
    services: servicesFor(services, principal),
    principal,
    params,
    query,
    body: parseOr(operation.body, sent),
    headers: context.req.raw.headers,
    get signal() {
      return AbortSignal.any([context.req.raw.signal, services.stopping]);
    },
  };
  if (operation.idempotency === undefined) return operation.handle(call);
  const request = () => `${context.req.path}\n${JSON.stringify(sent)}`;
  const lifetimeMs = services.settings.HOLDFAST_IDEMPOTENCY_LIFETIME;
  return once({ operation, call, request, lifetimeMs });
}

export function answer(
  context: HttpContext,
  { status = 200, headers = {}, body }: Answer,
): Response {
  const sent = body instanceof ReadableStream ? body : JSON.stringify(body);
  return context.body(sent, status as ContentfulStatusCode, {
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

/** As it was sent. */
async function bodyOf(operation: Operation, context: HttpContext): Promise<unknown> {
  if (operation.body === undefined) return undefined;
  const { HOLDFAST_BODY_BYTES_MAX: single, HOLDFAST_BATCH_BYTES_MAX: batch } = context.env.settings;
  const body = await readJson(context.req.raw, operation.bodySize === 'batch' ? batch : single);
  return body ?? (operation.bodyOptional ? {} : undefined);
}
