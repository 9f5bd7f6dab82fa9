import { HoldfastError } from '../core/index.js';
import type { Contract } from './contract.js';
import type { Transport } from './transport.js';

/** Something that happened to a promise. */
export type HoldfastEvent = Contract['listEvents']['output']['data'][number];

export type EventKind = HoldfastEvent['kind'];

export interface EventsOptions {
  /** Only of this promise; told from its beginning. */
  readonly promise?: string;
  /** Only of these queues. Not with `promise`. */
  readonly queues?: readonly string[];
  /** Only of these types. Not with `promise`. */
  readonly types?: readonly string[];
  readonly kinds?: readonly EventKind[];
  /** The id of the last event that was seen. Default: from now on, and of a promise from its beginning. */
  readonly after?: string;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

/**
 * Events as they happen, for ever: until the loop is left or `signal` aborts. When the
 * connection breaks, it goes on after the last event that came.
 * @throws ApiError what will not pass: a key that is refused, a promise that is not there
 */
export async function* eventsOf(
  transport: Transport,
  options: EventsOptions,
): AsyncGenerator<HoldfastEvent, void, undefined> {
  const { promise, queues, types, kinds } = options;
  const signal = options.signal ?? new AbortController().signal;
  const filter = {
    ...(kinds === undefined ? {} : { kind: kinds }),
    ...(promise === undefined ? {} : { id: promise }),
    ...(queues === undefined ? {} : { queue: queues }),
    ...(types === undefined ? {} : { type: types }),
  };
  const id = promise === undefined ? 'listEvents' : 'listPromiseEvents';
  let last = options.after ?? (promise === undefined ? await now(transport, signal) : '0');
  let failures = 0;
  while (!signal.aborted) {
    const link = linkOf(signal);
    let cause: unknown;
    try {
      const headers = { Accept: 'text/event-stream', 'Last-Event-ID': last };
      const response = await transport.open(id, filter, { headers, signal: link.signal });
      for await (const message of messagesOf(response, link.heard)) {
        failures = 0;
        if (message.id !== undefined) last = message.id;
        if (message.data !== undefined) yield JSON.parse(message.data) as HoldfastEvent;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof HoldfastError && !error.retryable) throw error;
      cause = error;
    } finally {
      link.end();
    }
    await transport.clock.sleep(transport.waitMs(failures, cause), signal);
    failures += 1;
  }
}

/** Where the log ends: what happens from here on is told, also if the first connection fails. */
async function now(transport: Transport, signal: AbortSignal): Promise<string> {
  const page = await transport.call('listEvents', { after: 'now', limit: 1 }, { signal });
  return page.nextCursor;
}

/** One connection. A server beats every 15 seconds: one that is silent for longer is gone. */
function linkOf(signal: AbortSignal) {
  const link = new AbortController();
  const abort = () => link.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => link.abort(new Error('the stream is silent')), SILENCE_MS_MAX);
  };
  heard();
  return {
    signal: link.signal,
    heard,
    end: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      link.abort();
    },
  };
}

const SILENCE_MS_MAX = 45_000;

interface Message {
  readonly id: string | undefined;
  readonly data: string | undefined;
}

/** The messages of a stream of server-sent events. */
async function* messagesOf(response: Response, heard: () => void): AsyncGenerator<Message> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      text += value;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) yield messageOf(block);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function messageOf(block: string): Message {
  const lines = block.split('\n');
  const field = (name: string) =>
    lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  return { id: field('id'), data: field('data') };
}
