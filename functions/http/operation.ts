import type { z } from 'zod';
import type { ErrorCode } from '../../src/core/index.js';
import type { MadeFacts, Ticket } from '../../src/promises/index.js';
import type { Access, Principal } from './access.js';
import type { CallServices } from './call-services.js';

/** What an operation's code is given. `body`, `params` and `query` have been parsed. */
export interface Call<P, Q, B> {
  /** As far as the caller's key reaches. */
  readonly services: CallServices;
  /** Who asks; on open operations somebody who may see nothing of any tenant. */
  readonly principal: Principal;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly headers: Headers;
  /** Of a call with an `Idempotency-Key`, on operations that take one. */
  readonly ticket?: Ticket | undefined;
  /** Aborted when the client has gone or the server stops: ends waiting. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; as it is when it is a stream, or text with a `Content-Type` of its own. */
  readonly body: unknown;
  /** What is kept of it for its `Idempotency-Key`, when that is not all. */
  readonly keptBody?: unknown;
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
  /**
   * `own`: it shows and changes only what its caller's tenant and queues have, through the
   * stores of its `services`, and any key may call it. Default the whole service: refused
   * to keys of tenants and of some queues only.
   */
  readonly reach?: 'own';
  /** Of an open operation with a secret of its own: refuses before the body is read. */
  readonly enter?: (services: CallServices, headers: Headers) => Promise<void>;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  readonly body?: z.ZodType<B>;
  /** `lines`: NDJSON, of which `body` is an iterable of texts. Default `json`. */
  readonly bodyFormat?: 'json' | 'lines';
  /** Which limit a body of JSON has. Default `single`. */
  readonly bodySize?: 'single' | 'batch';
  /** True when the body may be left out; it is then read as `{}`. */
  readonly bodyOptional?: boolean;
  /** An example body, valid as it stands. */
  readonly example?: unknown;
  /** The answers by status, for the document. */
  readonly answers: Readonly<
    Record<
      number,
      {
        readonly description: string;
        readonly schema?: z.ZodType;
        /** True when it can also be a stream of server-sent events. */
        readonly stream?: boolean;
        /** When it is text, and not JSON. */
        readonly mediaType?: string;
      }
    >
  >;
  /** What it may refuse with, beyond what every operation may. */
  readonly refusals?: readonly ErrorCode[];
  /** True for what is recorded although it only reads. */
  readonly isAudited?: boolean;
  /** True for what has a longer deadline of its own. */
  readonly isLong?: boolean;
  readonly handle: (call: Call<P, Q, B>) => Promise<Answer> | Answer;
  /**
   * Takes an `Idempotency-Key`. `enqueue`: the write that makes its promise notes the
   * call's ticket too. `reserve`: the call is noted before, its answer after.
   */
  readonly idempotency?: 'enqueue' | 'reserve';
  /** With `enqueue`: the answer again, of what the call made. */
  readonly replay?: (call: Call<P, Q, B>, made: MadeFacts) => Answer;
}

/** Declares an operation; the types of `handle` come from its schemas. */
export function defineOperation<P, Q, B>(operation: Operation<P, Q, B>): Operation {
  // The list holds operations of all shapes; each `handle` is only called with what its own schemas parsed.
  return operation as unknown as Operation;
}
