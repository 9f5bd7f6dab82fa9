import { type Clock, HoldfastError, systemClock } from '../../src/core/index.js';

export interface StreamBounds {
  /** Streams that are open at once. */
  readonly inAll: number;
  /** The same of one key. */
  readonly perKey: number;
  /**
   * No stream is open for longer, whether or not its end was heard of: where invocations are
   * cut off without a word. Default for ever.
   */
  readonly lifetimeMs?: number;
}

/** When to come again: somebody else must go first. */
const RETRY_AFTER_MS = 10_000;

interface Entry {
  readonly key: string;
  readonly openedAt: number;
}

/** Streams of events that are open in this process (on Workers: in this isolate). */
export class StreamLimits {
  readonly #open = new Set<Entry>();

  constructor(
    private readonly bounds: StreamBounds,
    private readonly clock: Clock = systemClock,
  ) {}

  get size(): number {
    return this.#open.size;
  }

  /**
   * Takes the place of a stream; returns how to give it back.
   * @throws HoldfastError `too-many-streams` of this key; `streams-full` of all
   */
  open(key: string): () => void {
    this.#forgetEnded();
    const { inAll, perKey } = this.bounds;
    const own = [...this.#open].filter((one) => one.key === key).length;
    const options = { retryable: true, details: { retryAfterMs: RETRY_AFTER_MS } };
    if (own >= perKey) {
      const message = `this key has ${own} streams open, and may have ${perKey}`;
      throw new HoldfastError('too-many-streams', message, options);
    }
    if (this.#open.size >= inAll) {
      throw new HoldfastError('streams-full', `all of the ${inAll} streams are taken`, options);
    }
    const entry = { key, openedAt: this.clock.monotonic() };
    this.#open.add(entry);
    return () => void this.#open.delete(entry);
  }

  #forgetEnded(): void {
    const { lifetimeMs = Number.POSITIVE_INFINITY } = this.bounds;
    const endedBefore = this.clock.monotonic() - lifetimeMs;
    for (const entry of this.#open) if (entry.openedAt <= endedBefore) this.#open.delete(entry);
  }
}
