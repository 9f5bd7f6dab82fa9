import { isStorable, JSON_DEPTH_MAX, type Json } from '../../core/index.js';
import type { OutboundResponse } from '../../outbound/index.js';

/** What a kept `webhook` promise has as its result. */
export type WebhookResult = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed when the content type is JSON and the whole of it came; else text. */
  readonly body: Json;
  /** There, and true, when the body was longer than what is kept. */
  readonly truncated?: true;
};

export function webhookResult(response: OutboundResponse): WebhookResult {
  const { status, truncated } = response;
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, storableText(value)]),
  );
  return { status, headers, body: resultBody(response), ...(truncated && { truncated }) };
}

/** Text that every topology stores: control characters, U+0000 first, become U+FFFD. */
export function storableText(text: string): string {
  return text.replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd').toWellFormed();
}

/** The longest JSON kept as JSON: `[1e20,…]` grows fourfold when it is written again. */
const JSON_LENGTH_MAX = 786_432;

function resultBody({ headers, text, truncated }: OutboundResponse): Json {
  if (!truncated && isJson(headers['content-type'] ?? '')) {
    const value = parse(text);
    if (value !== undefined && isKept(value) && JSON.stringify(value).length <= JSON_LENGTH_MAX) {
      return value;
    }
  }
  return storableText(text);
}

function isJson(contentType: string): boolean {
  return /^application\/(?:[^;,\s]+\+)?json\s*(?:;|$)/i.test(contentType.trim());
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/**
 * True when the value can be stored: bounded depth, strings and keys well-formed.
 * A list of its own instead of recursion, which an answer nested 100,000 deep
 * would overflow; bounded by the size of the answer.
 */
function isKept(whole: Json): boolean {
  const open: [value: Json, depth: number][] = [[whole, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next;
    if (typeof value === 'string' && !isStorable(value)) return false;
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= JSON_DEPTH_MAX || !Object.keys(value).every(isStorable)) return false;
    for (const item of Object.values(value) as Json[]) open.push([item, depth + 1]);
  }
  return true;
}
