/** Retries that may be spent before any call has been made. */
const TOKENS_MAX = 5;
/** What each call adds: retries are at most a tenth of the calls in the long run. */
const TOKENS_PER_CALL = 0.1;

/** Bounds the retries of all calls together, so that an outage makes no storm. */
export class RetryBudget {
  #tokens = TOKENS_MAX;

  called(): void {
    this.#tokens = Math.min(TOKENS_MAX, this.#tokens + TOKENS_PER_CALL);
  }

  /** False when there is nothing left to spend. */
  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
