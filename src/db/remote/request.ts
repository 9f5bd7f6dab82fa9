import { HoldfastError } from '../../core/index.js';
import { firstErrors } from './first-errors.js';

/** What one HTTP request to the server told beside its answer. */
export interface RequestReport {
  requests: number;
  retryAfterMs: number;
  rowsRead: number;
  rowsWritten: number;
}

export type Fetch = (request: Request, init?: { signal?: AbortSignal }) => Promise<Response>;

export interface RequestOptions {
  readonly fetch: Fetch;
  /** No request goes on for longer (R4). */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly report: RequestReport;
  readonly now: () => number;
}

/** A `fetch` for one call: bounded in time, and reporting rows and `Retry-After`. */
export function boundedFetch(options: RequestOptions): (request: Request) => Promise<Response> {
  const { fetch, timeoutMs, signal, report } = options;
  return async (request) => {
    report.requests += 1;
    const bound = new Bound(timeoutMs, signal);
    try {
      const response = await bound.within(fetch(request, { signal: bound.signal }));
      report.retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), options.now());
      // The body too is read under the timeout, also of a failure: it frees the connection.
      const body = await bound.within(response.text());
      if (response.ok) countRows(body, report);
      return new Response(firstErrors(body), {
        status: response.status,
        headers: response.headers,
      });
    } catch (error) {
      throw ofTheNetwork(error);
    } finally {
      bound.end();
    }
  };
}

/**
 * What `fetch` or a body fails with tells nothing of SQL, though Node's own codes look as if they
 * did (`ERR_INVALID_STATE`, `Z_DATA_ERROR`): the request may have been carried out (R6).
 */
function ofTheNetwork(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof HoldfastError) return error;
  const coded = 'code' in error && typeof error.code === 'string';
  return coded ? new Error(error.message, { cause: error }) : error;
}

/**
 * The time that a request may take. `fetch` is told when it is over, and is not waited for: once
 * the headers have come, Node may forget the signal with the request, and a body that comes byte
 * by byte would be read for ever.
 */
class Bound {
  readonly #ended = new AbortController();
  readonly #over: Promise<never>;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #given: AbortSignal | undefined;
  readonly #onAbort: () => void;

  constructor(timeoutMs: number, given: AbortSignal | undefined) {
    const ms = Math.max(1, Math.ceil(timeoutMs));
    this.#given = given;
    this.#onAbort = () => this.#ended.abort(given?.reason);
    this.#over = new Promise((_resolve, reject) => {
      const { signal } = this.#ended;
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    this.#over.catch(() => {});
    this.#timer = setTimeout(() => {
      this.#ended.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError'));
    }, ms);
    given?.addEventListener('abort', this.#onAbort, { once: true });
    if (given?.aborted === true) this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  within<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#over]);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#given?.removeEventListener('abort', this.#onAbort);
  }
}

/** Seconds or a date, as milliseconds from now; 0 when there is none. */
export function parseRetryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}

// Inside a JSON string the quotes would be escaped, so a row's text cannot look like this (R8).
const ROWS = /[{,]"rows_(read|written)":(\d+)/g;

function countRows(body: string, report: RequestReport): void {
  for (const [, kind, count] of body.matchAll(ROWS)) {
    if (kind === 'read') report.rowsRead += Number(count);
    else report.rowsWritten += Number(count);
  }
}
