import { systemClock } from '../../src/core/index.js';
import { lookUntil, type Waiting } from './long-poll.js';

/** One message of a stream. */
export interface StreamedEvent {
  readonly id: string;
  readonly kind: string;
}

export interface StreamedPage<T> {
  readonly events: readonly T[];
  readonly next: string;
}

export interface EventSource<T> {
  readonly after: string;
  readonly read: (after: string) => Promise<StreamedPage<T>>;
  /** A place as a client is told it. */
  readonly idOf: (place: string) => Promise<string>;
}

export interface StreamOptions {
  readonly waiting: Waiting;
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** Nothing is sent for no longer than this, in milliseconds. Default 15 s. */
  readonly beatMs?: number;
}

/** Proxies end what is silent for a minute or half of one. */
const BEAT_MS = 15_000;

/** How long a client is asked to wait before it comes again, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Server-sent events of a log, from `after` on. A client that comes again names the
 * last id it had, also of a heartbeat. Where looks are counted, the stream ends with
 * the last of them. `ended` resolves when nothing is read any more.
 */
export function eventStream<T extends StreamedEvent>(
  source: EventSource<T>,
  { waiting, signal, beatMs = BEAT_MS }: StreamOptions,
): { readonly body: ReadableStream<Uint8Array>; readonly ended: Promise<void> } {
  const gone = new AbortController();
  const until = AbortSignal.any([signal, gone.signal]);
  const encoder = new TextEncoder();
  const isCounted = waiting.looksMax !== Number.POSITIVE_INFINITY;
  let after = source.after;
  let last = false;
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });

  // Whoever has stopped reading asks for nothing more: then nothing is read when it is aborted.
  let isReading = false;
  until.addEventListener('abort', () => void (isReading || end()), { once: true });

  async function next(): Promise<string> {
    const endsAt = systemClock.monotonic() + beatMs;
    let page = await read();
    while (page.events.length === 0) {
      const leftMs = endsAt - systemClock.monotonic();
      if (leftMs <= 0 || until.aborted || last) break;
      let hasMoved = false;
      const look = async () => {
        const from = after;
        const seen = await read();
        hasMoved = after !== from;
        return seen;
      };
      // Where looks are counted, the end of a stream must not tell what others do.
      const isDone = ({ events }: StreamedPage<T>) => events.length > 0 || (hasMoved && !isCounted);
      page = await lookUntil({ look, isDone }, leftMs, until, waiting);
      last = isCounted;
    }
    if (page.events.length > 0) return page.events.map(messageOf).join('');
    return `id: ${await source.idOf(after)}\n: beat\n\n`;
  }

  /** What is next, also behind what is nothing to this client. */
  async function read(): Promise<StreamedPage<T>> {
    const page = await source.read(after);
    after = page.next;
    return page;
  }

  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`)),
    async pull(controller) {
      isReading = true;
      try {
        if (until.aborted || last) throw new StreamOver();
        controller.enqueue(encoder.encode(await next()));
      } catch (error) {
        end();
        if (error instanceof StreamOver) controller.close();
        else controller.error(error);
      }
      isReading = false;
      if (until.aborted) end();
    },
    cancel() {
      gone.abort();
      end();
    },
  });
  return { body, ended };
}

class StreamOver extends Error {}

function messageOf(event: StreamedEvent): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}
