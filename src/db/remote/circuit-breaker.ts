import type { Clock } from '../../core/index.js';

export type CircuitState = 'closed' | 'open' | 'half-open';

/** So many failures of the server in a row open the circuit. */
const FAILURES_MAX = 5;
/** First time that an open circuit lets nothing through; doubled by each failed probe. */
const OPEN_MS = 500;
/** A server that is well again is asked again within this, however long it was away. */
const OPEN_MS_MAX = 1_500;
/** A server may ask for a longer rest (`Retry-After`), up to this. */
const ASKED_MS_MAX = 120_000;

/**
 * Keeps a process from asking a server that does not answer. While it is open
 * every call fails at once; then one probe goes out, and its answer decides.
 * Written here and not taken from a library, since it has to run on our clock
 * and obey `Retry-After` (docs/decisions/0021-own-circuit-breaker.md).
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  #failures = 0;
  #openMs = OPEN_MS;
  #openUntil = 0;
  #state: CircuitState = 'closed';
  /** When the probe under way was sent; undefined when none is. */
  #probedAt: number | undefined;
  #lastError: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get state(): CircuitState {
    return this.#state;
  }

  get lastError(): unknown {
    return this.#lastError;
  }

  /** Milliseconds until the next probe may go; 0 when a request may go now. Takes the probe's place. */
  enter(): number {
    if (this.#state === 'closed') return 0;
    const now = this.#clock.monotonic();
    // A probe that is not answered is followed by another: a server that has swallowed one may be well.
    const probeMs = this.#probedAt === undefined ? 0 : this.#probedAt + this.#openMs - now;
    const leftMs = Math.max(this.#openUntil - now, probeMs);
    if (leftMs > 0) return leftMs;
    this.#probedAt = now;
    this.#state = 'half-open';
    return 0;
  }

  /** The server answered, whatever it said of the SQL. */
  succeeded(): void {
    this.#failures = 0;
    this.#openMs = OPEN_MS;
    this.#probedAt = undefined;
    this.#state = 'closed';
  }

  /**
   * The server did not answer, or answered that it cannot.
   * @param isProbe whether the circuit was half open when it was asked
   */
  failed(error: unknown, retryAfterMs: number, isProbe: boolean): void {
    this.#lastError = error;
    this.#failures += 1;
    const probed = isProbe && this.#state === 'half-open';
    if (this.#state !== 'closed' && !probed) {
      // It was under way when the circuit opened. What the server asks for counts.
      this.#openUntil = Math.max(this.#openUntil, this.#askedUntil(retryAfterMs));
      return;
    }
    this.#probedAt = undefined;
    if (!probed && this.#failures < FAILURES_MAX) return;
    if (probed) this.#openMs = Math.min(this.#openMs * 2, OPEN_MS_MAX);
    const now = this.#clock.monotonic();
    this.#openUntil = Math.max(now + this.#openMs, this.#askedUntil(retryAfterMs));
    this.#state = 'open';
  }

  /** The probe's outcome will not be known: its caller gave up. */
  abandoned(): void {
    this.#probedAt = undefined;
  }

  #askedUntil(retryAfterMs: number): number {
    return this.#clock.monotonic() + Math.min(retryAfterMs, ASKED_MS_MAX);
  }
}
