import { createDial } from '#outbound/dial';
import { HoldfastError, messageOf } from '../core/index.js';
import type { ResolveHost } from './dial.js';
import { createGuard } from './guard.js';
import { readText } from './response-text.js';

/** Calls to servers of others. One for a process; `close` ends its connections. */
export interface Outbound {
  /** Why a URL may not be called, as far as it shows without resolving its name. */
  refuse(url: string): string | undefined;
  /**
   * One call. A redirect is returned as it is, never followed.
   * @throws HoldfastError `address-refused`; `target-unreachable` (retryable) when no
   *   whole answer came; `attempt-timeout` (retryable) after `timeoutMs`; the reason
   *   of `signal` when that aborts
   */
  fetch(url: string, request?: OutboundRequest): Promise<OutboundResponse>;
  close(): Promise<void>;
}

export interface OutboundOptions {
  /** Exact host names and addresses that may be called although they are private. */
  readonly allowHosts: readonly string[];
  /** Resolves names, on Node only. Default `dns.lookup`. */
  readonly resolve?: ResolveHost;
}

export interface OutboundRequest {
  /** Default `GET`. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call, body included. Default 5 minutes; none with a `signal`. */
  readonly timeoutMs?: number;
  /** Bytes of the answer that are read, after decompression. Default 1 MiB. */
  readonly responseBytesMax?: number;
}

export interface OutboundResponse {
  readonly status: number;
  /** Names in lower case; the values of a repeated one are joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** True when the body went on after `responseBytesMax`. */
  readonly truncated: boolean;
}

const OUTBOUND_DEFAULTS = {
  timeoutMs: 300_000,
  responseBytesMax: 1_048_576,
} as const;

/** @throws HoldfastError `setting-invalid` naming the entry of `allowHosts` that is no host */
export function createOutbound({ allowHosts, resolve }: OutboundOptions): Outbound {
  const guard = createGuard(allowHosts);
  const dial = createDial(guard, resolve);

  async function exchange(url: URL, request: OutboundRequest, signal: AbortSignal) {
    const { method = 'GET', headers = {}, body } = request;
    const response = await dial.fetch(url, { method, headers, body, signal });
    const received = joinHeaders(response.headers);
    const bytesMax = request.responseBytesMax ?? OUTBOUND_DEFAULTS.responseBytesMax;
    const { text, truncated } = await readText(response.body, bytesMax, received['content-type']);
    return { status: response.status, headers: received, text, truncated };
  }

  return {
    refuse: (url) => guard.refuseUrl(url),
    close: () => dial.close(),
    async fetch(text, request = {}) {
      const reason = guard.refuseUrl(text);
      if (reason !== undefined) {
        throw new HoldfastError('address-refused', `the URL may not be called: ${reason}`);
      }
      const url = new URL(text);
      const ends = callEnd(request);
      try {
        return await exchange(url, request, ends.signal);
      } catch (error) {
        // Whatever the platform made of an abort, who aborted is the story.
        ends.signal.throwIfAborted();
        throw translate(error, url);
      } finally {
        ends.clear();
      }
    },
  };
}

function callEnd({ signal, timeoutMs }: OutboundRequest) {
  const ms = timeoutMs ?? (signal === undefined ? OUTBOUND_DEFAULTS.timeoutMs : undefined);
  const late = new AbortController();
  const expire = () => {
    const message = `no whole answer within ${ms} ms`;
    late.abort(new HoldfastError('attempt-timeout', message, { retryable: true }));
  };
  const timer = ms === undefined ? null : setTimeout(expire, ms);
  return {
    signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
    clear: () => timer !== null && clearTimeout(timer),
  };
}

function joinHeaders(headers: Iterable<readonly [string, string]>): Record<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of headers) {
    const earlier = joined.get(name);
    joined.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return Object.fromEntries(joined);
}

/** `fetch` wraps what happened in a `TypeError`: the innermost cause is what tells. */
function translate(error: unknown, url: URL): HoldfastError {
  const cause = rootCause(error);
  if (cause instanceof HoldfastError) return cause;
  const code = codeOf(cause);
  return new HoldfastError(
    'target-unreachable',
    `${url.host} did not answer: ${messageOf(cause) || code || 'the connection failed'}`,
    { cause: error, retryable: true, details: { host: url.host, ...(code && { code }) } },
  );
}

const CAUSES_MAX = 8;

function rootCause(error: unknown): unknown {
  let cause = error;
  for (let depth = 0; depth < CAUSES_MAX; depth += 1) {
    if (!(cause instanceof Error) || cause.cause === undefined) return cause;
    cause = cause.cause;
  }
  return cause;
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
