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
    const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
    const both = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
    report.requests += 1;
    const response = await fetch(request, { signal: both });
    report.retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), options.now());
    // The body too is read under the timeout, also of a failure: it frees the connection.
    const body = await response.text();
    if (response.ok) countRows(body, report);
    return new Response(body, { status: response.status, headers: response.headers });
  };
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
