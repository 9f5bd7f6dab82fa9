import { type Clock, type Log, messageOf, type Random } from '../core/index.js';
import { ApiError } from './api-error.js';
import type { Client } from './client.js';
import type { Claimed } from './handler.js';
import { handBack } from './settlement.js';

export interface PullerOptions {
  readonly client: Client;
  readonly queues: readonly [string, ...string[]];
  readonly types: readonly string[];
  /** Of the handlers that have one, by type. */
  readonly versions: Readonly<Record<string, string>> | undefined;
  /** Names the worker in claims. */
  readonly name: string;
  /** Calls of handlers that run at once. */
  readonly concurrency: number;
  /** Promises in one call: 1 but for batches. */
  readonly sizeMax: number;
  readonly leaseMs: number;
  readonly waitMs: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when no more is to be claimed. */
  readonly signal: AbortSignal;
  /** True while more than enough waits to be settled. */
  readonly isFull: () => boolean;
  /** Runs what was claimed. `sentAt`: when it was asked for, by the monotonic clock; the lease is not older. */
  readonly begin: (claims: readonly Claimed[], sentAt: number) => Promise<void>;
  readonly refused: (error: ApiError) => void;
  readonly away: (isAway: boolean) => void;
}

const CLAIM_LIMIT_MAX = 1_000;
const WAIT_MS = { first: 200, max: 10_000 } as const;
/** The net under the wake-up when there is room again. */
const ROOM_LOOK_MS = 60_000;
const HAND_BACK_MS = 2_000;

/** Claims promises of some types by long-poll, as many as there is room for. */
export class Puller {
  readonly #options: PullerOptions;
  /** Calls that have not ended. */
  #calls = 0;
  #roomMade = new AbortController();
  /** The claim whose answer has not come. */
  #open: { readonly token: string; readonly sentAt: number } | undefined;

  constructor(options: PullerOptions) {
    this.#options = options;
  }

  callBegan(): void {
    this.#calls += 1;
  }

  callEnded(): void {
    this.#calls -= 1;
    this.look();
  }

  /** Looks at once whether there is room. */
  look(): void {
    this.#roomMade.abort();
  }

  /** Resolves when its signal has aborted and nothing that it asked for is open. */
  async work(): Promise<void> {
    const { clock, random, log, concurrency, sizeMax, signal, isFull, refused, away } =
      this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const room = (concurrency - this.#calls) * sizeMax;
      // A server that takes no results must not give more to run.
      if (room <= 0 || isFull()) {
        this.#roomMade = new AbortController();
        await clock.sleep(ROOM_LOOK_MS, this.#roomMade.signal);
        continue;
      }
      try {
        await this.#claim(Math.min(room, CLAIM_LIMIT_MAX));
        failures = 0;
        away(false);
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof ApiError && !error.retryable) refused(error);
        else away(true);
        log.warn('claim-failed', { reason: messageOf(error) });
        const ceiling = Math.min(WAIT_MS.first * 2 ** failures, WAIT_MS.max);
        failures += 1;
        await clock.sleep(ceiling * random(), signal);
      }
    }
    await this.#handBackOpen();
  }

  async #claim(limit: number): Promise<void> {
    const { client, queues, types, name, leaseMs, waitMs, clock, signal, begin } = this.#options;
    const versions = this.#options.versions && { versions: this.#options.versions };
    this.#open ??= { token: crypto.randomUUID(), sentAt: clock.monotonic() };
    const { token, sentAt } = this.#open;
    const [queue, ...others] = queues;
    const also = others.length > 0 ? { alsoQueues: others } : {};
    const asked = {
      queue,
      ...also,
      worker: name,
      limit,
      lease: leaseMs,
      types: [...types],
      ...versions,
    };
    const { claims } = await client.claimPromises(
      { ...asked, wait: waitMs, token },
      { retries: 0, signal },
    );
    this.#open = undefined;
    if (claims.length > 0) await begin(claims, sentAt);
  }

  /** A claim that was aborted may have been carried out. */
  async #handBackOpen(): Promise<void> {
    const { client, queues, name, log } = this.#options;
    if (this.#open === undefined) return;
    const limits = { timeoutMs: HAND_BACK_MS };
    try {
      const asked = { queue: queues[0], worker: name, token: this.#open.token, again: true };
      const { claims } = await client.claimPromises(asked, { retries: 1, ...limits });
      if (claims.length > 0) {
        await client.settlePromises({ settlements: claims.map(handBack) }, limits);
      }
    } catch (error) {
      log.warn('claim-not-handed-back', { reason: messageOf(error) });
    }
  }
}
