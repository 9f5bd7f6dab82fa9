import type { Context } from 'hono';
import type { Services } from '../services.js';
import type { Principal } from './access.js';

/** What the app's handlers find: the services come in as the environment. */
export interface HttpEnv {
  Bindings: Services;
  Variables: {
    principal?: Principal;
    /** What the answer carries beside its own. */
    headers?: Readonly<Record<string, string>>;
  };
}

export type HttpContext = Context<HttpEnv>;

/** A path that answers something else than the JSON of an operation: a page, a document. */
export interface Page {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly handle: (context: HttpContext) => Promise<Response> | Response;
}
