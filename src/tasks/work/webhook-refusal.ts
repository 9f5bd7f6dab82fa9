import { type Clock, HoldfastError } from '../../core/index.js';
import type { OutboundResponse } from '../../outbound/index.js';
import { storableText } from './webhook-result.js';

/**
 * The error of an answer that is not 2xx. `details`: `status`, `body` (its first
 * 1,024 characters), `location` of a redirect, `retryAfterMs` when the target asked
 * for a pause and another attempt makes sense.
 */
export function webhookRefusal(response: OutboundResponse, clock: Clock): HoldfastError {
  const { status, headers, text } = response;
  const retryable = isRetryable(status);
  const retryAfterMs = retryable ? parseRetryAfter(headers['retry-after'], clock) : undefined;
  const location = isRedirect(status) ? headers.location : undefined;
  return new HoldfastError(
    'response-not-ok',
    isRedirect(status)
      ? `the target answered ${status}, and redirects are not followed`
      : `the target answered ${status}`,
    {
      retryable,
      details: {
        status,
        body: storableText(text.slice(0, BODY_LENGTH_MAX)),
        ...(location !== undefined && { location: storableText(location) }),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      },
    },
  );
}

const BODY_LENGTH_MAX = 1_024;
/** A target can ask for a pause of a day, not park a promise for a year. */
const RETRY_AFTER_MS_MAX = 86_400_000;

/** The 4xx that tell of the moment, not of the request. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 409, 425, 429]);

function isRetryable(status: number): boolean {
  return status >= 500 || PASSING_STATUSES.has(status);
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

/** Seconds or an HTTP date (RFC 9110, section 10.2.3); what is neither is left aside. */
function parseRetryAfter(value: string | undefined, clock: Clock): number | undefined {
  if (value === undefined || !/^(?:\d+$|[A-Z][a-z]+,? )/.test(value)) return undefined;
  const ms = /^\d/.test(value) ? Number(value) * 1_000 : Date.parse(value) - clock.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX);
}
