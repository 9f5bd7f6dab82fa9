import { type Clock, HoldfastError, systemClock } from '../../src/core/index.js';
import type { RateLimit } from '../../src/records/index.js';
import type { Principal } from './access.js';

/** Keys remembered at once; one that has its whole quota again need not be. */
const KEYS_MAX = 10_000;

/**
 * Requests a key, counted in this process (on Workers: in this isolate): a bucket that
 * fills evenly. It keeps one client from taking the service's time; it is no bill.
 */
export class RateLimits {
  /** By key: when its bucket is full again, by the monotonic clock. */
  readonly #fullAt = new Map<string, number>();

  /** @param usual for keys that have no limit of their own; null is none */
  constructor(
    private readonly usual: RateLimit | null,
    private readonly clock: Clock = systemClock,
  ) {}

  /**
   * Counts a request. The headers that tell what is left; null when the key has no limit.
   * @throws HoldfastError `rate-limited`, with the headers in its details
   */
  take({ id, rateLimit }: Principal): Readonly<Record<string, string>> | null {
    const limit = rateLimit ?? (id === 'bootstrap' ? null : this.usual);
    if (limit === null) return null;
    const now = this.clock.monotonic();
    const stepMs = limit.periodMs / limit.limit;
    const before = Math.max(this.#fullAt.get(id) ?? now, now);
    const after = before + stepMs;
    // Sums of fractions: a thousandth of a millisecond late is on time.
    const lateMs = after - (now + limit.periodMs);
    if (lateMs > 0.001) {
      throw new HoldfastError(
        'rate-limited',
        `this key may send ${limit.limit} requests in ${limit.periodMs} ms`,
        {
          retryable: true,
          details: { retryAfterMs: lateMs, headers: headersOf(limit, before - now) },
        },
      );
    }
    this.#remember(id, after, now);
    return headersOf(limit, after - now);
  }

  #remember(id: string, fullAt: number, now: number): void {
    if (this.#fullAt.size >= KEYS_MAX) {
      for (const [other, at] of this.#fullAt) if (at <= now) this.#fullAt.delete(other);
    }
    this.#fullAt.set(id, fullAt);
  }
}

/** As draft-ietf-httpapi-ratelimit-headers has them. */
function headersOf({ limit, periodMs }: RateLimit, fullInMs: number) {
  const left = Math.max(0, Math.floor((periodMs - fullInMs) / (periodMs / limit) + 1e-6));
  return {
    'RateLimit-Policy': `"key";q=${limit};w=${Math.max(1, Math.round(periodMs / 1_000))}`,
    RateLimit: `"key";r=${left};t=${Math.ceil(fullInMs / 1_000)}`,
  };
}
