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
  const { promise, queues, types, kinds, signal: given } = options;
  const gone = new AbortController();
  const signal = given === undefined ? gone.signal : AbortSignal.any([given, gone.signal]);
  const filter = {
    ...(kinds === undefined ? {} : { kind: kinds }),
    ...(promise === undefined ? {} : { id: promise }),
    ...(queues === undefined ? {} : { queue: queues }),
    ...(types === undefined ? {} : { type: types }),
  };
  const id = promise === undefined ? 'listEvents' : 'listPromiseEvents';
  let last = options.after;
  let failures = 0;
  try {
    while (!signal.aborted) {
      try {
        const headers = {
          Accept: 'text/event-stream',
          ...(last === undefined ? {} : { 'Last-Event-ID': last }),
        };
        const response = await transport.open(id, filter, { headers, signal });
        for await (const message of messagesOf(response)) {
          failures = 0;
          if (message.id !== undefined) last = message.id;
          if (message.data !== undefined) yield JSON.parse(message.data) as HoldfastEvent;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof HoldfastError && !error.retryable) throw error;
        await transport.clock.sleep(transport.waitMs(failures, error), signal);
        failures += 1;
      }
    }
  } finally {
    gone.abort();
  }
}

interface Message {
  readonly id: string | undefined;
  readonly data: string | undefined;
}

/** The messages of a stream of server-sent events. */
async function* messagesOf(response: Response): AsyncGenerator<Message> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
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
