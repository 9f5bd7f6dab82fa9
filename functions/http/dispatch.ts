import { parseInput } from '../../src/core/index.js';
import { NOBODY, type Principal, requireScope, requireWholeService } from './access.js';
import { SECURITY_HEADERS } from './answer-headers.js';
import { audited, isAudited } from './audit.js';
import { readJson, readLines } from './body.js';
import { servicesFor } from './call-services.js';
import { inTime } from './deadline.js';
import type { HttpContext } from './http-context.js';
import { IDEMPOTENCY_KEY, once } from './idempotency.js';
import type { Answer, Call, Operation } from './operation.js';
import { requireSchema } from './schema-gate.js';

/** Runs one operation for one request: scope, then parameters, then body. */
export async function dispatch(operation: Operation, context: HttpContext): Promise<Response> {
  const principal = context.get('principal') ?? NOBODY;
  if (!isAudited(operation)) return answer(context, await carryOut(operation, context, principal));
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
  requireSchema(services, operation.path);
  const { raw } = context.req;
  if (operation.enter !== undefined) {
    await operation.enter(servicesFor(services, principal), raw.headers);
  }
  const params = operation.params && parseInput(operation.params, context.req.param());
  const query = operation.query && parseInput(operation.query, queryOf(context));
  const sent = await bodyOf(operation, context);
  const call: Call<unknown, unknown, unknown> = {
    services: servicesFor(services, principal),
    principal,
    params,
    query,
    body: operation.body && parseInput(operation.body, sent),
    headers: raw.headers,
    get signal() {
      return AbortSignal.any([raw.signal, services.stopping]);
    },
  };
  if (operation.idempotency === undefined || !raw.headers.has(IDEMPOTENCY_KEY)) {
    return inTime(operation, call);
  }
  const request = `${context.req.path}\n${JSON.stringify(sent)}`;
  const lifetimeMs = services.settings.HOLDFAST_IDEMPOTENCY_LIFETIME;
  return once({ operation, call, request, lifetimeMs });
}

function answer(context: HttpContext, { status = 200, headers, body }: Answer): Response {
  const more = context.get('headers');
  const init = { status, headers: { ...JSON_HEADERS, ...more, ...headers } };
  const isText = typeof body === 'string' && headers?.['Content-Type'] !== undefined;
  if (!(body instanceof ReadableStream))
    return new Response(isText ? body : JSON.stringify(body), init);
  if (context.req.raw.method !== 'HEAD') return new Response(body, init);
  // Nobody reads it.
  void body.cancel();
  return new Response(null, init);
}

const JSON_HEADERS = { ...SECURITY_HEADERS, 'Content-Type': 'application/json' };

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
  const { settings } = context.env;
  const { raw } = context.req;
  if (operation.bodyFormat === 'lines') return readLines(raw, settings.HOLDFAST_IMPORT_BYTES_MAX);
  const { HOLDFAST_BODY_BYTES_MAX: single, HOLDFAST_BATCH_BYTES_MAX: batch } = settings;
  const body = await readJson(raw, operation.bodySize === 'batch' ? batch : single);
  return body ?? (operation.bodyOptional ? {} : undefined);
}
