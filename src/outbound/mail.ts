import { HoldfastError } from '../core/index.js';
import type { Outbound } from './outbound.js';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface MailerOptions {
  readonly outbound: Outbound;
  /** Takes `POST` with `{from, to, subject, text}`, as Resend and what is built like it do. */
  readonly url: string;
  readonly apiKey: string;
  readonly from: string;
}

/** Sends mail through an HTTP mail API that knows idempotency keys. */
export class Mailer {
  readonly #options: MailerOptions;

  constructor(options: MailerOptions) {
    this.#options = options;
  }

  /**
   * Returns what the API calls the mail; null when it says nothing.
   * @throws HoldfastError `response-not-ok`, `target-unreachable`
   */
  async send(
    mail: Mail,
    call: { readonly idempotencyKey: string; readonly signal: AbortSignal },
  ): Promise<string | null> {
    const { outbound, url, apiKey, from } = this.#options;
    const response = await outbound.fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': call.idempotencyKey,
        'user-agent': 'holdfast',
      },
      body: JSON.stringify({ from, ...mail, to: [mail.to] }),
      signal: call.signal,
      responseBytesMax: RESPONSE_BYTES_MAX,
    });
    const { status, text } = response;
    if (status >= 200 && status < 300) return idOf(text);
    throw new HoldfastError('response-not-ok', `the mail API answered ${status}`, {
      retryable: status >= 500 || status === 429 || status === 409,
      details: { status, body: text.slice(0, 1_000).toWellFormed() },
    });
  }
}

const RESPONSE_BYTES_MAX = 16_384;

function idOf(text: string): string | null {
  try {
    const { id } = JSON.parse(text) as { id?: unknown };
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}
