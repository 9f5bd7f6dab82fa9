/** Each call earns one of what a retry costs: retries are at most a tenth of the calls in the long run. */
const RETRY_COST = 10;
/** Five retries may be spent before any call has been made. */
const TOKENS_MAX = 5 * RETRY_COST;

/** Bounds the retries of all calls together, so that an outage makes no storm. */
export class RetryBudget {
  #tokens = TOKENS_MAX;

  called(): void {
    this.#tokens = Math.min(TOKENS_MAX, this.#tokens + 1);
  }

  /** False when there is nothing left to spend. */
  spend(): boolean {
    if (this.#tokens < RETRY_COST) return false;
    this.#tokens -= RETRY_COST;
    return true;
  }
}
