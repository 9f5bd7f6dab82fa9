import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { HoldfastError, parseInput } from '../../src/core/index.js';
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
  if (operation.idempotency === undefined) return inTime(operation, call);
  const request = () => `${context.req.path}\n${JSON.stringify(sent)}`;
  const lifetimeMs = services.settings.HOLDFAST_IDEMPOTENCY_LIFETIME;
  const handle = (given: Call<unknown, unknown, unknown>) => inTime(operation, given);
  return once({ operation: { ...operation, handle }, call, request, lifetimeMs });
}

/** What is added to the deadline of one write: a call may need several, and a look. */
const MARGIN_MS = 2_000;

/**
 * A call is answered in time, whatever its databases do.
 * @throws HoldfastError `commit-unknown` when it goes on after that
 */
async function inTime(
  { handle, id, isLong }: Operation,
  call: Call<unknown, unknown, unknown>,
): Promise<Answer> {
  const working = handle(call);
  if (isLong || !(working instanceof Promise)) return working;
  const limitMs = call.services.settings.HOLDFAST_BUSY_DEADLINE + MARGIN_MS + waitOf(call);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `${id} was not done after ${limitMs} ms; whether it will be is not known`;
      reject(new HoldfastError('commit-unknown', message, { retryable: true }));
    }, limitMs);
  });
  try {
    return await Promise.race([working, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** How long the caller wants to wait. */
function waitOf({ query, body }: Call<unknown, unknown, unknown>): number {
  for (const asked of [query, body]) {
    const wait = (asked as { readonly wait?: unknown } | null | undefined)?.wait;
    if (typeof wait === 'number') return wait;
  }
  return 0;
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
