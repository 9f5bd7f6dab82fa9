import {
  type Clock,
  HoldfastError,
  messageOf,
  parseDuration,
  type Random,
  systemClock,
  systemRandom,
} from '../core/index.js';
import { ApiError, apiErrorOf } from './api-error.js';
import { type Contract, ROUTES } from './contract.js';

export type OperationId = keyof Contract;

/** What differs from the client's own options in one call. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** For calls that make something. Default one of the call's own. */
  readonly idempotencyKey?: string;
  /** Milliseconds for one try, waits of the server not counted. */
  readonly timeoutMs?: number;
  /** Tries after the first. 0 is none. */
  readonly retries?: number;
}

export interface TransportOptions {
  /** Where the service is, for example `https://holdfast.example`. */
  readonly url: string;
  /** The API key. */
  readonly key: string;
  /** Default the platform's. */
  readonly fetch?: typeof fetch;
  /** Milliseconds for one try, waits of the server not counted. Default 30 s. */
  readonly timeoutMs?: number;
  /** Tries after the first, of what can be sent again without harm. Default 4. */
  readonly retries?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

const DEFAULTS = { timeoutMs: 30_000, retries: 4 } as const;
/** Full jitter: a wait is anything up to this, doubled with each try, in milliseconds. */
const BACKOFF_MS = { first: 200, max: 20_000 } as const;
/** Nobody is waited for longer than this between two tries, whatever the server asks. */
const RETRY_AFTER_MS_MAX = 60_000;

/** POSTs that have the effect of once however often they are sent. Those with an `Idempotency-Key` are too. */
const SAFE_POSTS: ReadonlySet<string> = new Set<OperationId>([
  'cancelPromise',
  'claimPromises',
  'completePromise',
  'failPromise',
  'heartbeat',
  'pauseQueue',
  'pauseType',
  'reportProgress',
  'resumeQueue',
  'resumeType',
  'settlePromises',
  'snoozePromise',
]);

interface Route {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  /** `lines`: its field `lines` is the body, as it is. */
  readonly body: boolean | 'lines';
  readonly key: boolean;
  /** Its answer is read by the caller. */
  readonly stream?: boolean;
}

/** Sends calls, and sends again what may be sent again. */
export class Transport {
  readonly #options: Required<TransportOptions>;
  readonly #base: string;

  constructor(options: TransportOptions) {
    const defaults = { ...DEFAULTS, fetch, clock: systemClock, random: systemRandom };
    this.#options = { ...defaults, ...options };
    this.#base = options.url.replace(/\/+$/, '');
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /**
   * One operation, with its retries.
   * @throws ApiError what the service refused with; HoldfastError `target-unreachable` or
   *   `attempt-timeout` when no answer came
   */
  async call<K extends OperationId>(
    id: K,
    input: Contract[K]['input'],
    options: CallOptions = {},
  ): Promise<Contract[K]['output']> {
    const route: Route = ROUTES[id];
    const { url, init, waitMs } = this.#requestOf(route, input as Fields, options);
    const timeoutMs = (options.timeoutMs ?? this.#options.timeoutMs) + waitMs;
    const isSafe = route.method !== 'POST' || route.key || SAFE_POSTS.has(id);
    const retries = isSafe ? (options.retries ?? this.#options.retries) : 0;
    const answer = await this.#again(retries, options.signal, () =>
      this.#once(url, init, timeoutMs, {
        signal: options.signal,
        read: route.stream ? bodyOf : read,
      }),
    );
    return answer as Contract[K]['output'];
  }

  /** An open answer, for streams: no time limit, no retries. */
  async open(
    id: OperationId,
    input: Fields,
    { headers, signal }: { readonly headers: Record<string, string>; readonly signal: AbortSignal },
  ): Promise<Response> {
    const { url, init } = this.#requestOf(ROUTES[id], input, {});
    const response = await this.#fetch(url, {
      ...init,
      headers: { ...init.headers, ...headers },
      signal,
    });
    if (response.ok) return response;
    throw await apiErrorOf(response, this.clock.now());
  }

  /** Full jitter, or what the server asks for if that is longer. */
  waitMs(tries: number, error: unknown): number {
    const ceiling = Math.min(BACKOFF_MS.first * 2 ** tries, BACKOFF_MS.max);
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    return Math.min(asked, RETRY_AFTER_MS_MAX) + ceiling * this.#options.random();
  }

  async #again<T>(
    retries: number,
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
  ): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await run();
      } catch (error) {
        const isPassing = error instanceof HoldfastError && error.retryable;
        if (!isPassing || tries >= retries || signal?.aborted) throw error;
        await this.clock.sleep(this.waitMs(tries, error), signal);
        signal?.throwIfAborted();
      }
    }
  }

  async #once(
    url: string,
    init: RequestInit,
    timeoutMs: number,
    { signal, read: readAnswer }: Reading,
  ): Promise<unknown> {
    const end = endOf(timeoutMs, signal);
    try {
      const response = await this.#fetch(url, { ...init, signal: end.signal });
      if (!response.ok) throw await apiErrorOf(response, this.clock.now());
      return await readAnswer(response);
    } catch (error) {
      if (error instanceof HoldfastError) throw error;
      signal?.throwIfAborted();
      if (!end.isLate()) throw unreachable(url, error);
      const message = `no whole answer within ${timeoutMs} ms`;
      throw new HoldfastError('attempt-timeout', message, { retryable: true, cause: error });
    } finally {
      end.clear();
    }
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    try {
      // Called without the options as `this`, which platforms refuse.
      const { fetch: send } = this.#options;
      return await send(url, init);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw unreachable(url, error);
    }
  }

  #requestOf(route: Route, input: Fields, { idempotencyKey }: CallOptions) {
    const rest: Fields = { ...input };
    const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const value = rest[name];
      delete rest[name];
      return encodeURIComponent(String(value));
    });
    const query = new URLSearchParams();
    for (const name of route.query) {
      const value = rest[name];
      delete rest[name];
      if (value !== undefined)
        query.set(name, Array.isArray(value) ? value.join(',') : String(value));
    }
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#options.key}` };
    if (route.key) headers['Idempotency-Key'] = idempotencyKey ?? crypto.randomUUID();
    const isLines = route.body === 'lines';
    if (route.body) headers['Content-Type'] = `application/${isLines ? 'x-ndjson' : 'json'}`;
    const body = isLines ? (rest.lines as NonNullable<RequestInit['body']>) : JSON.stringify(rest);
    const text = query.size === 0 ? '' : `?${query}`;
    const init = { method: route.method, headers };
    return {
      url: `${this.#base}${path}${text}`,
      init: route.body ? { ...init, body } : init,
      waitMs: waitOf(input.wait),
    };
  }
}

type Fields = Record<string, unknown>;

interface Reading {
  readonly signal: AbortSignal | undefined;
  readonly read: (response: Response) => unknown;
}

function read(response: Response): Promise<unknown> {
  const isJson = response.headers.get('Content-Type')?.includes('json') ?? false;
  return isJson ? response.json() : response.text();
}

function bodyOf(response: Response): unknown {
  return response.body;
}

/** When a try is over. `AbortSignal.any` would leave something behind on `signal` with each call. */
function endOf(timeoutMs: number, signal: AbortSignal | undefined) {
  const end = new AbortController();
  let isLate = false;
  const expire = () => {
    isLate = true;
    end.abort();
  };
  const abort = () => end.abort(signal?.reason);
  const timer = setTimeout(expire, timeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  return {
    signal: end.signal,
    isLate: () => isLate,
    clear: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    },
  };
}

/** How long the server may hold the answer back. */
function waitOf(wait: unknown): number {
  if (typeof wait === 'number') return wait;
  return typeof wait === 'string' ? (parseDuration(wait) ?? 0) : 0;
}

function unreachable(url: string, cause: unknown): HoldfastError {
  const { host } = new URL(url);
  const message = `${host} did not answer: ${messageOf(cause)}`;
  return new HoldfastError('target-unreachable', message, { retryable: true, cause });
}
