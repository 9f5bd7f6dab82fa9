import { hexOf } from '../../src/core/index.js';
import type { HttpContext } from '../http/http-context.js';

const SESSION_MS = 43_200_000;

/**
 * A signed-in browser. The cookie holds when it ends and a signature by the API
 * key, never the key; it opens pages alone, never `/v1`, so that no other site
 * can make a browser change anything.
 */
export class Sessions {
  readonly #key: Promise<CryptoKey>;

  constructor(apiKey: string) {
    const secret = new TextEncoder().encode(`holdfast session\n${apiKey}`);
    const algorithm = { name: 'HMAC', hash: 'SHA-256' };
    this.#key = crypto.subtle.importKey('raw', secret, algorithm, false, ['sign', 'verify']);
  }

  /** The value of a cookie that is good from `now` for 12 hours. */
  async open(now: number): Promise<string> {
    const endsAt = String(now + SESSION_MS);
    const signature = await crypto.subtle.sign('HMAC', await this.#key, bytesOf(endsAt));
    return `${endsAt}.${hexOf(new Uint8Array(signature))}`;
  }

  async isOpen(cookie: string | undefined, now: number): Promise<boolean> {
    const match = /^(\d{1,15})\.((?:[0-9a-f]{2}){32})$/.exec(cookie ?? '');
    const [, endsAt, signature] = match ?? [];
    if (endsAt === undefined || signature === undefined || Number(endsAt) <= now) return false;
    return crypto.subtle.verify('HMAC', await this.#key, fromHex(signature), bytesOf(endsAt));
  }
}

/** True over HTTPS, also when a proxy in front of us ended it. */
export function isSecure(context: HttpContext): boolean {
  const forwarded = context.req.header('X-Forwarded-Proto');
  return context.req.url.startsWith('https:') || forwarded?.split(',')[0]?.trim() === 'https';
}

/** With `__Host-` a browser takes the cookie from this very host and over HTTPS only. */
export function cookieName(context: HttpContext): string {
  return isSecure(context) ? '__Host-holdfast' : 'holdfast';
}

export function sessionCookie(context: HttpContext, value: string): string {
  const ends = value === '' ? 'Max-Age=0' : `Max-Age=${SESSION_MS / 1_000}`;
  const secure = isSecure(context) ? '; Secure' : '';
  return `${cookieName(context)}=${value}; Path=/; HttpOnly; SameSite=Strict; ${ends}${secure}`;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text));
}

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
