import { Webhook } from 'standardwebhooks';

/** `whsec_` and base64 of 24 to 64 bytes. */
const SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;
const BYTES = { min: 24, max: 64, made: 32 } as const;

/** Why a text is no secret to sign with; undefined when it is one. */
export function refuseWebhookSecret(text: string): string | undefined {
  const base64 = SECRET.exec(text)?.[1];
  const length = base64 === undefined ? 0 : atob(base64).length;
  if (length >= BYTES.min && length <= BYTES.max) return undefined;
  return `must be "whsec_" and the base64 of ${BYTES.min} to ${BYTES.max} random bytes`;
}

export function makeWebhookSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES.made));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}

/** What is signed: the same `id` for every attempt, and when this one is made. */
export interface SignedMessage {
  readonly id: string;
  readonly at: number;
  readonly body: string;
}

/**
 * The headers of Standard Webhooks, with a signature of each secret: while secrets
 * are rotated, whoever has the old or the new one can tell. Without secrets none.
 */
export function signatureHeaders(
  { id, at, body }: SignedMessage,
  secrets: readonly string[],
): Record<string, string> {
  if (secrets.length === 0) return {};
  const date = new Date(at);
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, date, body));
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at / 1_000)),
    'webhook-signature': signatures.join(' '),
  };
}
