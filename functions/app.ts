import { Hono, type MiddlewareHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { HoldfastError } from '../src/core/index.js';
import { PAGES } from './dashboard/pages.js';
import { OPERATIONS } from './http/contract.js';
import { dispatch } from './http/dispatch.js';
import { problemAnswer } from './http/errors.js';
import type { HttpContext, HttpEnv } from './http/http-context.js';

export type App = Hono<HttpEnv>;

/** What every answer carries; a page that needs more says so itself. */
const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

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
  app.use(secure);
  app.use('/v1/*', shareWithOrigins, identify);
  for (const [path, allow] of allowedByPath()) {
    const route = honoPath(path);
    for (const operation of OPERATIONS.filter((one) => one.path === path)) {
      app.on(verbOf(operation), route, (context) => dispatch(operation, context));
    }
    for (const page of PAGES.filter((one) => one.path === path)) {
      app.on(verbOf(page), route, (context) => page.handle(context));
    }
    app.all(route, ({ req }) => {
      const message = `${req.method} is not one of ${allow} here`;
      throw new HoldfastError('method-not-allowed', message, { details: { allow } });
    });
  }
  return app;
}

const secure: MiddlewareHandler<HttpEnv> = async (context, next) => {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.header(name, value);
  await next();
};

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
 * Lets pages of the origins that were set call the API, with a key of their own: cookies
 * open nothing there. A preflight brings no key, and is told nothing but this.
 */
const shareWithOrigins: MiddlewareHandler<HttpEnv> = async (context, next) => {
  const { HOLDFAST_CORS_ORIGINS: allowed = [] } = context.env.settings;
  const origin = allowed.length === 0 ? undefined : context.req.header('Origin');
  if (allowed.length > 0) context.header('Vary', 'Origin');
  const isAllowed = origin !== undefined && (allowed.includes('*') || allowed.includes(origin));
  if (isAllowed) {
    context.header('Access-Control-Allow-Origin', origin);
    for (const [name, value] of Object.entries(CORS.answer)) context.header(name, value);
    const asksFirst = context.req.header('Access-Control-Request-Method') !== undefined;
    if (context.req.method === 'OPTIONS' && asksFirst) {
      return context.body(null, 204, CORS.preflight);
    }
  }
  return next();
};

/** Under /v1 nothing is told to those who have no key, not even what exists. */
const identify: MiddlewareHandler<HttpEnv> = async (context, next) => {
  const { keyring, rateLimits } = context.env;
  const authorization = context.req.header('Authorization');
  const principal = keyring.recall(authorization) ?? (await keyring.identify(authorization));
  const left = rateLimits.take(principal);
  for (const [name, value] of Object.entries(left ?? {})) context.header(name, value);
  context.set('principal', principal);
  await next();
};

function refuse(context: HttpContext, error: unknown): Response {
  const { status, headers, body } = problemAnswer(error, context.env.log);
  return context.body(body, status as ContentfulStatusCode, headers);
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
