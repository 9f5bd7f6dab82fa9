import type { PromiseDetail } from './contract.js';
import { type Contract, ROUTES } from './contract.js';
import { type EventsOptions, eventsOf, type HoldfastEvent } from './event-iterator.js';
import {
  type CallOptions,
  type OperationId,
  Transport,
  type TransportOptions,
} from './transport.js';

export type ClientOptions = TransportOptions;

type NoInput = Record<never, never>;

/** Every operation by its id: path, query and body in one object. */
export type Operations = {
  readonly [K in OperationId]: NoInput extends Contract[K]['input']
    ? (input?: Contract[K]['input'], options?: CallOptions) => Promise<Contract[K]['output']>
    : (input: Contract[K]['input'], options?: CallOptions) => Promise<Contract[K]['output']>;
};

/** A promise that is settled. */
export type SettledPromise = PromiseDetail & {
  readonly status: 'completed' | 'failed' | 'cancelled';
};

export interface Client extends Operations {
  /** Resolves when the promise is settled, however that ends, and however long it takes. */
  readonly wait: (id: string, options?: Pick<CallOptions, 'signal'>) => Promise<SettledPromise>;
  /** Events as they happen; goes on by itself when the connection breaks. */
  readonly events: (options?: EventsOptions) => AsyncGenerator<HoldfastEvent, void, undefined>;
}

/** One look of `wait`: an answer that is held back longer is in danger of proxies. */
const WAIT = '30s';
const WAIT_PAUSE_MS = 250;

/**
 * A client of the API: one method an operation. What can be sent again without harm
 * is, with full jitter; what makes something carries an `Idempotency-Key`, so it can too.
 */
export function createClient(options: ClientOptions): Client {
  const transport = new Transport(options);
  const operations = Object.fromEntries(
    (Object.keys(ROUTES) as OperationId[]).map((id) => [
      id,
      (input: never = {} as never, call?: CallOptions) => transport.call(id, input, call),
    ]),
  ) as unknown as Operations;
  return {
    ...operations,
    wait: (id, call = {}) => waitFor(operations, transport, id, call.signal),
    events: (asked = {}) => eventsOf(transport, asked),
  };
}

async function waitFor(
  operations: Operations,
  transport: Transport,
  id: string,
  signal: AbortSignal | undefined,
): Promise<SettledPromise> {
  for (;;) {
    const askedAt = transport.clock.monotonic();
    const promise = await operations.getPromise({ id, wait: WAIT }, { signal });
    if (isSettled(promise)) return promise;
    // A server that is stopping answers at once.
    const pauseMs = WAIT_PAUSE_MS - (transport.clock.monotonic() - askedAt);
    if (pauseMs > 0) await transport.clock.sleep(pauseMs, signal);
    signal?.throwIfAborted();
  }
}

function isSettled(promise: PromiseDetail): promise is SettledPromise {
  return ['completed', 'failed', 'cancelled'].includes(promise.status);
}
