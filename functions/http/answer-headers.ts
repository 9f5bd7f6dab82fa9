import type { HttpContext } from './http-context.js';

/** What every answer carries; a page that needs more says so itself. */
export const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/**
 * Headers for whatever the answer will be. Kept as a plain object: on Node an answer
 * whose headers are one is written without making a `Headers` first.
 */
export function addHeaders(context: HttpContext, headers: Readonly<Record<string, string>>): void {
  context.set('headers', { ...context.get('headers'), ...headers });
}
