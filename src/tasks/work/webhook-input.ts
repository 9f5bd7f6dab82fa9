import { z } from 'zod';
import { json, text } from '../../core/index.js';

/** The payload of a `webhook` promise. */
export const webhookInput = z
  .strictObject({
    /** Absolute, http or https, without user name and password; at most 8,192 characters. */
    url: text(1, 8_192).refine(isAbsolute, { error: 'must be an absolute URL' }),
    /** Default `POST`. */
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).optional(),
    /** Sent along: at most 100, values at most 8,192 characters of Latin-1. */
    headers: z.record(z.string(), z.string()).superRefine(refineHeaders).optional(),
    /** A string is sent as it is, other JSON as `application/json`; left out, no body is sent. */
    body: json.optional(),
  })
  .refine(({ method, body }) => body === undefined || (method !== 'GET' && method !== 'HEAD'), {
    path: ['body'],
    message: 'must be left out with GET and HEAD',
  });

export type WebhookInput = z.output<typeof webhookInput>;

/** Said by the service itself, or by the connection: a promise cannot set them. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
]);
const RESERVED_PREFIX = 'holdfast-';

const HEADERS_MAX = 100;
const HEADER_VALUE_LENGTH_MAX = 8_192;
/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/;
/** RFC 9110, section 5.5; the space around is cut by the platforms, so it is refused. */
const FIELD_VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/** Zone ids are let through here, for the guard to refuse them by their name. */
function isAbsolute(url: string): boolean {
  return URL.canParse(url.replace(/\[([^\]%]*)%[^\]]*\]/, '[$1]'));
}

function refineHeaders(headers: Record<string, string>, context: z.RefinementCtx): void {
  const names = Object.keys(headers);
  if (names.length > HEADERS_MAX) {
    context.addIssue({ code: 'custom', message: `must be at most ${HEADERS_MAX} headers` });
  }
  const seen = new Set<string>();
  for (const name of names) {
    const rule = headerRule(name, headers[name] ?? '', seen);
    if (rule !== undefined) context.addIssue({ code: 'custom', path: [name], message: rule });
    seen.add(name.toLowerCase());
  }
}

function headerRule(name: string, value: string, seen: ReadonlySet<string>): string | undefined {
  const lower = name.toLowerCase();
  if (!TOKEN.test(name)) return 'must have the name of an HTTP header';
  if (RESERVED_HEADERS.has(lower) || lower.startsWith(RESERVED_PREFIX)) {
    return 'is a header that the service sets or the connection needs, and cannot be given';
  }
  if (seen.has(lower)) return 'is given twice, in different cases';
  if (value.length > HEADER_VALUE_LENGTH_MAX) {
    return `must be at most ${HEADER_VALUE_LENGTH_MAX} characters`;
  }
  if (!FIELD_VALUE.test(value)) {
    return 'must be printable Latin-1, without line breaks and without space at its ends';
  }
  return undefined;
}
