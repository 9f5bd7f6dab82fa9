import { Hono, type MiddlewareHandler, type Next } from 'hono';
import { HoldfastError } from '../src/core/index.js';
import { PAGES } from './dashboard/pages.js';
import type { Principal } from './http/access.js';
import { addHeaders, SECURITY_HEADERS } from './http/answer-headers.js';
import { OPERATIONS } from './http/contract.js';
import { dispatch } from './http/dispatch.js';
import { problemAnswer } from './http/errors.js';
import type { HttpContext, HttpEnv } from './http/http-context.js';

export type App = Hono<HttpEnv>;

/**
 * The HTTP side of the service. It holds nothing: each request brings its
 * `Services` as the environment, so that one app serves Node and Workers.
 */
export function createApp(): App {
  const app: App = new Hono();
  app.onError((error, context) => refuse(context, error));
  app.notFound((context) => {
    throw new HoldfastError('route-not-found', `there is nothing at ${context.req.path}`);
  });
  for (const path of ['/v1/*', '/metrics']) app.use(path, enter);
  for (const [path, allow] of allowedByPath()) {
    const route = honoPath(path);
    for (const operation of OPERATIONS.filter((one) => one.path === path)) {
      app.on(verbOf(operation), route, (context) => dispatch(operation, context));
    }
    for (const page of PAGES.filter((one) => one.path === path)) {
      app.on(verbOf(page), route, (context) => {
        for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.header(name, value);
        return page.handle(context);
      });
    }
    app.all(route, ({ req }) => {
      const message = `${req.method} is not one of ${allow} here`;
      throw new HoldfastError('method-not-allowed', message, { details: { allow } });
    });
  }
  return app;
}

/** What a page of another origin may send, and read of an answer. */
const CORS = {
  preflight: {
    'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, Idempotency-Key, Last-Event-ID',
    'Access-Control-Max-Age': '600',
  },
  answer: {
    'Access-Control-Expose-Headers':
      'Location, Retry-After, Allow, RateLimit, RateLimit-Policy, Idempotency-Replayed',
  },
} as const;

/**
 * Under /v1 nothing is told to those who have no key, not even what exists. Only a
 * preflight of an origin that was set brings none, and is told nothing but that.
 */
const enter: MiddlewareHandler<HttpEnv> = (context, next) => {
  const { keyring, settings } = context.env;
  if (settings.HOLDFAST_CORS_ORIGINS !== undefined) {
    const preflight = shareWithOrigins(context, settings.HOLDFAST_CORS_ORIGINS);
    if (preflight !== undefined) return Promise.resolve(preflight);
  }
  const authorization = context.req.header('Authorization');
  const known = keyring.recall(authorization);
  if (known !== undefined) return admit(context, known, next);
  return keyring.identify(authorization).then((principal) => admit(context, principal, next));
};

function admit(context: HttpContext, principal: Principal, next: Next): Promise<void> {
  const left = context.env.rateLimits.take(principal);
  if (left !== null) addHeaders(context, left);
  context.set('principal', principal);
  return next();
}

/**
 * Lets pages of the origins that were set call the API, with a key of their own: cookies
 * open nothing there. Answers a preflight.
 */
function shareWithOrigins(context: HttpContext, allowed: readonly string[]): Response | undefined {
  addHeaders(context, { Vary: 'Origin' });
  const origin = context.req.header('Origin');
  if (origin === undefined || !(allowed.includes('*') || allowed.includes(origin))) return;
  addHeaders(context, { 'Access-Control-Allow-Origin': origin, ...CORS.answer });
  const asksFirst = context.req.header('Access-Control-Request-Method') !== undefined;
  if (context.req.method !== 'OPTIONS' || !asksFirst) return;
  const headers = { ...SECURITY_HEADERS, ...context.get('headers'), ...CORS.preflight };
  return new Response(null, { status: 204, headers });
}

function refuse(context: HttpContext, error: unknown): Response {
  const { status, headers, body } = problemAnswer(error, context.env.log);
  return new Response(body, {
    status,
    headers: { ...SECURITY_HEADERS, ...context.get('headers'), ...headers },
  });
}

/** The methods of each path, as the Allow header has them. Paths without parameters are the first to match. */
export function allowedByPath(): Map<string, string> {
  const methods = new Map<string, Set<string>>();
  const listed = [...OPERATIONS, ...PAGES];
  for (const one of [...listed.filter(isPlain), ...listed.filter((other) => !isPlain(other))]) {
    const known = methods.get(one.path) ?? new Set<string>();
    methods.set(one.path, known.add(verbOf(one)));
    if (one.method === 'get') known.add('HEAD');
  }
  return new Map([...methods].map(([path, set]) => [path, [...set].sort().join(', ')]));
}

function isPlain({ path }: { readonly path: string }): boolean {
  return !path.includes('{');
}

function verbOf({ method }: { readonly method: string }): string {
  return method.toUpperCase();
}

/** `/v1/promises/{id}` as `/v1/promises/:id`. */
function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
