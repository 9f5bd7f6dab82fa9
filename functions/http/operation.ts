import type { z } from 'zod';
import type { ErrorCode } from '../../src/core/index.js';
import type { Services } from '../services.js';
import type { Access, Principal } from './access.js';

/** What an operation's code is given. `body`, `params` and `query` have been parsed. */
export interface Call<P, Q, B> {
  readonly services: Services;
  /** Who asks; undefined on open operations. */
  readonly principal: Principal | undefined;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Aborted when the client has gone or the server stops: ends waiting. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/**
 * One row of the HTTP contract. Routing, access, 405s, parsing, the OpenAPI
 * document and the generated tests are all made from the list of these.
 */
export interface Operation<P = unknown, Q = unknown, B = unknown> {
  /** Unique: `operationId` in the OpenAPI document. */
  readonly id: string;
  readonly method: Method;
  /** With parameters as OpenAPI has them: `/v1/promises/{id}`. */
  readonly path: string;
  readonly summary: string;
  /** More to say, for the reference. */
  readonly description?: string;
  readonly access: Access;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  readonly body?: z.ZodType<B>;
  /** Which limit the body has. Default `single`. */
  readonly bodySize?: 'single' | 'batch';
  /** True when the body may be left out; it is then read as `{}`. */
  readonly bodyOptional?: boolean;
  /** An example body, valid as it stands. */
  readonly example?: unknown;
  /** The answers by status, for the document. */
  readonly answers: Readonly<
    Record<number, { readonly description: string; readonly schema?: z.ZodType }>
  >;
  /** What it may refuse with, beyond what every operation may. */
  readonly refusals?: readonly ErrorCode[];
  readonly handle: (call: Call<P, Q, B>) => Promise<Answer> | Answer;
}

/** Declares an operation; the types of `handle` come from its schemas. */
export function defineOperation<P, Q, B>(operation: Operation<P, Q, B>): Operation {
  // The list holds operations of all shapes; each `handle` is only called with what its own schemas parsed.
  return operation as unknown as Operation;
}
