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
  app.use('/v1/*', identify);
  for (const operation of OPERATIONS) {
    const handler = (context: HttpContext) => dispatch(operation, context);
    app.on(operation.method.toUpperCase(), honoPath(operation.path), handler);
  }
  for (const page of PAGES) {
    app.on(page.method.toUpperCase(), page.path, (context) => page.handle(context));
  }
  for (const [path, allow] of allowedByPath()) {
    app.all(honoPath(path), (context) => {
      const { method } = context.req;
      throw new HoldfastError('method-not-allowed', `${method} is not one of ${allow} here`, {
        details: { allow },
      });
    });
  }
  return app;
}

const secure: MiddlewareHandler<HttpEnv> = async (context, next) => {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.header(name, value);
  await next();
};

/** Under /v1 nothing is told to those who have no key, not even what exists. */
const identify: MiddlewareHandler<HttpEnv> = async (context, next) => {
  const principal = await context.env.keyring.identify(context.req.header('Authorization'));
  context.set('principal', principal);
  await next();
};

function refuse(context: HttpContext, error: unknown): Response {
  const { status, headers, body } = problemAnswer(error, context.env.log);
  return context.body(body, status as ContentfulStatusCode, headers);
}

/** The methods of each path, as the Allow header has them. */
export function allowedByPath(): Map<string, string> {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of [...OPERATIONS, ...PAGES]) {
    const known = methods.get(path) ?? new Set<string>();
    methods.set(path, known.add(method.toUpperCase()));
    if (method === 'get') known.add('HEAD');
  }
  return new Map([...methods].map(([path, set]) => [path, [...set].sort().join(', ')]));
}

/** `/v1/promises/{id}` as `/v1/promises/:id`. */
function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
