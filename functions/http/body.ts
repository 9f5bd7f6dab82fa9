import { HoldfastError, systemClock } from '../../src/core/index.js';

/** The media type of lines of JSON. */
export const NDJSON = 'application/x-ndjson';
const NDJSON_TYPE = /^application\/(?:x-)?ndjson\s*(?:;|$)/i;
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

/** What is read and thrown away of a body over its limit, so that its client gets to read the answer. */
const DRAIN = { bytesMax: 67_108_864, ms: 10_000 } as const;

/**
 * Reads a JSON body. An empty one is undefined.
 * @throws HoldfastError `body-too-large`, `media-type-unsupported` or `json-malformed`
 */
export async function readJson(request: Request, bytesMax: number): Promise<unknown> {
  const bytes = await readBytes(request, bytesMax);
  if (bytes.length === 0) return undefined;
  requireType(request, JSON_TYPE, 'application/json');
  return parse(bytes);
}

/**
 * Reads a body of lines, whole: its lines can be gone through again and again. They are
 * texts only while they are looked at. What is no UTF-8 has U+FFFD in its place.
 * @throws HoldfastError `body-too-large` or `media-type-unsupported`
 */
export async function readLines(request: Request, bytesMax: number): Promise<Iterable<string>> {
  const bytes = await readBytes(request, bytesMax);
  if (bytes.length > 0) requireType(request, NDJSON_TYPE, NDJSON);
  return { [Symbol.iterator]: () => linesOf(bytes) };
}

function* linesOf(bytes: Uint8Array): Generator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  for (let at = 0; at < bytes.length; ) {
    const feed = bytes.indexOf(LINE_FEED, at);
    const end = feed === -1 ? bytes.length : feed;
    const text = decoder.decode(bytes.subarray(at, end));
    yield text.endsWith('\r') ? text.slice(0, -1) : text;
    at = end + 1;
  }
}

const LINE_FEED = 10;

function requireType(request: Request, type: RegExp, name: string): void {
  const sent = request.headers.get('Content-Type');
  if (sent !== null && type.test(sent)) return;
  throw new HoldfastError(
    'media-type-unsupported',
    `the body must be sent as Content-Type: ${name} (received ${sent ?? 'none'})`,
  );
}

/**
 * Reads a body of at most `bytesMax`. A longer one is drained, or the connection
 * is closed after the answer: else the answer would be lost in a reset.
 * @throws HoldfastError `body-too-large`
 */
export async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array> {
  const announced = Number(request.headers.get('Content-Length') ?? 0);
  if (announced <= bytesMax && announced > 0) {
    // Node and workerd hold a body to its announced length.
    return new Uint8Array(await bodyOf(request));
  }
  if (request.body === null) return new Uint8Array(0);
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let part = await next(reader); part !== undefined; part = await next(reader)) {
    length += part.length;
    if (length > bytesMax) {
      const drained = await drain(reader, length);
      throw tooLarge(bytesMax, drained);
    }
    chunks.push(part);
  }
  return joined(chunks, length);
}

async function bodyOf(request: Request): Promise<ArrayBuffer> {
  try {
    return await request.arrayBuffer();
  } catch (cause) {
    throw cutOff(cause);
  }
}

async function next(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<Uint8Array | undefined> {
  try {
    const { done, value } = await reader.read();
    return done ? undefined : value;
  } catch (cause) {
    throw cutOff(cause);
  }
}

/** True when the whole body was read within the bounds. */
async function drain(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  from: number,
): Promise<boolean> {
  const endsAt = systemClock.monotonic() + DRAIN.ms;
  let length = from;
  for (let part = await next(reader); part !== undefined; part = await next(reader)) {
    length += part.length;
    if (length > DRAIN.bytesMax || systemClock.monotonic() > endsAt) return false;
  }
  return true;
}

function tooLarge(bytesMax: number, drained: boolean): HoldfastError {
  return new HoldfastError('body-too-large', `the body must be at most ${bytesMax} bytes`, {
    details: { bytesMax, ...(drained ? {} : { connection: 'close' }) },
  });
}

function cutOff(cause: unknown): HoldfastError {
  return new HoldfastError('json-malformed', 'the body ended before its announced length', {
    cause,
    details: { connection: 'close' },
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new HoldfastError('json-malformed', 'the body is not JSON in UTF-8', { cause });
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
