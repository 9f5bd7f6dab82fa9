import {
  type Clock,
  HoldfastError,
  type Log,
  logForTasks,
  messageOf,
  type Random,
  silentLog,
  systemClock,
  systemRandom,
} from '../core/index.js';
import { ApiError } from './api-error.js';
import { Attempt, type AttemptHost } from './attempt.js';
import { type Client, type ClientOptions, createClient } from './client.js';
import { type Claimed, type Handlers, type HandlerTask, handlersOf } from './handler.js';
import { Leases } from './leases.js';
import { handBack, type Settlement } from './settlement.js';
import { Settler } from './settler.js';

export interface WorkerOptions {
  /** A client, or what one is made of. */
  readonly client: Client | ClientOptions;
  /** Promises of this queue are pulled. */
  readonly queue: string;
  /** What keeps them: tasks made by `defineTask`, or functions by type. Other types are left to others. */
  readonly handlers: Handlers;
  /** Names this worker in claims. Default a random name. */
  readonly name?: string;
  /** Promises that run at once, 1 to 1,000. Default 10. */
  readonly concurrency?: number;
  /** How long a promise is held without a heartbeat, in milliseconds: what a crash delays it by. Default 30 s. */
  readonly leaseMs?: number;
  /** How long the server may hold a claim back until there is something, in milliseconds. Default 20 s. */
  readonly waitMs?: number;
  /** How long `stop` lets running handlers end before it hands their promises back, in milliseconds. Default 10 s. */
  readonly drainMs?: number;
  readonly log?: Log;
  /** Called whenever `status` has changed. */
  readonly onChange?: (status: WorkerStatus) => void;
  /** Called when the server refuses to give promises: the key, or the queue. It is asked again all the same. */
  readonly onRefused?: (error: ApiError) => void;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What a worker does and has done. */
export interface WorkerStatus {
  readonly state: 'working' | 'server-away' | 'stopping' | 'stopped';
  /** Handlers that run now. */
  readonly running: number;
  /** Results that the server has not taken yet. */
  readonly unsettled: number;
  readonly completed: number;
  /** Attempts that failed, tried again or not. */
  readonly failed: number;
  /** Promises put off, given up or handed back. */
  readonly other: number;
  /** Attempts whose promise was another's by then: cancelled, or recovered. */
  readonly lost: number;
}

const DEFAULTS = { concurrency: 10, leaseMs: 30_000, waitMs: 20_000, drainMs: 10_000 } as const;
const WAIT_MS = { first: 200, max: 10_000 } as const;
/** The net under the wake-up when there is room again. */
const ROOM_LOOK_MS = 60_000;

/**
 * Pulls promises of a queue and keeps them, anywhere: claims by long-poll as many as
 * there is room for, keeps their leases, settles them in batches. While the server is
 * away it keeps what it has, and goes on when the server is back.
 */
export class Worker {
  readonly #options: Required<
    Omit<WorkerOptions, 'client' | 'handlers' | 'onChange' | 'onRefused'>
  >;
  readonly #client: Client;
  readonly #handlers: ReadonlyMap<string, HandlerTask>;
  readonly #onChange: (status: WorkerStatus) => void;
  readonly #onRefused: (error: ApiError) => void;
  readonly #leases: Leases;
  readonly #settler: Settler;
  readonly #host: AttemptHost;
  readonly #running = new Set<Attempt>();
  readonly #stopping = new AbortController();
  readonly #counts = { completed: 0, failed: 0, other: 0, lost: 0 };
  #roomMade = new AbortController();
  #isAway = false;
  #isStopped = false;
  #loop: Promise<void> | undefined;
  /** The claim whose answer has not come. */
  #open: { readonly token: string; readonly sentAt: number } | undefined;

  /** @throws HoldfastError `setting-invalid` naming the option */
  constructor(options: WorkerOptions) {
    const { client, handlers, onChange, onRefused, ...rest } = options;
    const own = { log: silentLog, clock: systemClock, random: systemRandom };
    const name = `worker-${crypto.randomUUID().slice(0, 8)}`;
    this.#options = { name, ...DEFAULTS, ...own, ...rest };
    requireBounds(this.#options);
    this.#client = 'settlePromises' in client ? client : createClient(client);
    this.#handlers = handlersOf(handlers);
    this.#onChange = onChange ?? (() => {});
    this.#onRefused = onRefused ?? (() => {});
    const shared = { ...this.#options, client: this.#client };
    this.#leases = new Leases(shared);
    this.#settler = new Settler({
      ...shared,
      before: (attempts) => this.#leases.flush(attempts),
      settled: (...settled) => this.#settled(...settled),
      away: (isAway) => this.#away(isAway),
    });
    this.#host = {
      client: this.#client,
      log: logForTasks(this.#options.log),
      ended: (attempt, settlement) => this.#ended(attempt, settlement),
      progressed: (attempt, progress) => this.#leases.report(attempt, progress),
    };
  }

  get status(): WorkerStatus {
    const working = this.#isAway ? 'server-away' : 'working';
    const state = this.#stopping.signal.aborted ? 'stopping' : working;
    return {
      state: this.#isStopped ? 'stopped' : state,
      running: this.#running.size,
      unsettled: this.#settler.size,
      ...this.#counts,
    };
  }

  /** Works until `stop`. */
  start(): void {
    this.#loop ??= this.#work();
  }

  /**
   * Claims no more, lets running handlers end within `drainMs`, hands the rest back, and
   * sends what is settled. Resolves when nothing is left to do.
   */
  async stop(drainMs: number = this.#options.drainMs): Promise<void> {
    const { clock } = this.#options;
    this.#stopping.abort();
    this.#roomMade.abort();
    this.#onChange(this.status);
    await this.#loop;
    const endsAt = clock.monotonic() + drainMs;
    while (this.#running.size > 0 && clock.monotonic() < endsAt) {
      this.#roomMade = new AbortController();
      await clock.sleep(endsAt - clock.monotonic(), this.#roomMade.signal);
    }
    for (const attempt of [...this.#running]) attempt.abort('stopping');
    const late = new AbortController();
    const settled = this.#settler.drain(late.signal);
    const lateness = clock.sleep(Math.max(drainMs, DEFAULTS.drainMs / 2), late.signal);
    void lateness.then(() => late.abort());
    await settled;
    late.abort();
    this.#isStopped = true;
    this.#onChange(this.status);
  }

  async #work(): Promise<void> {
    const { clock, random, log, concurrency } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      const room = concurrency - this.#running.size;
      // A server that takes no results must not give more to run.
      if (room <= 0 || this.#settler.size >= concurrency) {
        this.#roomMade = new AbortController();
        await clock.sleep(ROOM_LOOK_MS, this.#roomMade.signal);
        continue;
      }
      try {
        await this.#claim(room);
        failures = 0;
        this.#away(false);
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof ApiError && !error.retryable) this.#onRefused(error);
        else this.#away(true);
        log.warn('claim-failed', { reason: messageOf(error) });
        const ceiling = Math.min(WAIT_MS.first * 2 ** failures, WAIT_MS.max);
        failures += 1;
        await clock.sleep(ceiling * random(), signal);
      }
    }
    await this.#handBackOpen();
  }

  async #claim(room: number): Promise<void> {
    const { queue, name, leaseMs, waitMs, clock } = this.#options;
    this.#open ??= { token: crypto.randomUUID(), sentAt: clock.monotonic() };
    const { token, sentAt } = this.#open;
    const { claims } = await this.#client.claimPromises(
      {
        queue,
        worker: name,
        limit: room,
        lease: leaseMs,
        types: [...this.#handlers.keys()],
        wait: waitMs,
        token,
      },
      { retries: 0, signal: this.#stopping.signal },
    );
    this.#open = undefined;
    for (const claim of claims) this.#begin(claim, sentAt);
    if (claims.length === 0) return;
    this.#onChange(this.status);
    // The server may have held the claim back, or the answer may be to an earlier call: how old is it?
    if (clock.monotonic() - sentAt > leaseMs / 3) await this.#leases.beat();
  }

  #begin(claim: Claimed, claimedAt: number): void {
    const task = this.#handlers.get(claim.type);
    if (task === undefined) return;
    const attempt = new Attempt(claim, task, this.#host);
    this.#running.add(attempt);
    this.#leases.hold(attempt, claimedAt);
    void attempt.run();
  }

  /** A claim that was aborted may have been carried out. */
  async #handBackOpen(): Promise<void> {
    const { queue, name, log } = this.#options;
    if (this.#open === undefined) return;
    try {
      const asked = { queue, worker: name, token: this.#open.token, again: true };
      const { claims } = await this.#client.claimPromises(asked, { retries: 1, timeoutMs: 2_000 });
      if (claims.length === 0) return;
      await this.#client.settlePromises(
        { settlements: claims.map(handBack) },
        { timeoutMs: 2_000 },
      );
    } catch (error) {
      log.warn('claim-not-handed-back', { reason: messageOf(error) });
    }
  }

  #ended(attempt: Attempt, settlement: Settlement | undefined): void {
    this.#running.delete(attempt);
    if (settlement === undefined) {
      this.#leases.release(attempt);
      this.#counts.lost += 1;
    } else {
      this.#settler.add(attempt, settlement);
    }
    this.#roomMade.abort();
    this.#onChange(this.status);
  }

  #settled(attempt: Attempt, { outcome }: Settlement, isApplied: boolean): void {
    const { log } = this.#options;
    const { id: promise, type, attempt: number } = attempt.claim;
    this.#leases.release(attempt);
    if (!isApplied) this.#counts.lost += 1;
    else if (outcome === 'complete') this.#counts.completed += 1;
    else if (outcome === 'fail') this.#counts.failed += 1;
    else this.#counts.other += 1;
    if (isApplied) log.info('settled', { promise, type, attempt: number, outcome });
    else log.warn('settlement-refused', { promise, type, attempt: number, outcome });
    this.#roomMade.abort();
    this.#onChange(this.status);
  }

  #away(isAway: boolean): void {
    if (this.#isAway === isAway) return;
    this.#isAway = isAway;
    this.#options.log.info(isAway ? 'server-away' : 'server-back');
    this.#onChange(this.status);
  }
}

function requireBounds({
  concurrency,
  leaseMs,
}: {
  readonly concurrency: number;
  readonly leaseMs: number;
}): void {
  const bounds = { concurrency: [concurrency, 1, 1_000], leaseMs: [leaseMs, 1_000, 43_200_000] };
  for (const [name, [value = 0, min = 0, max = 0]] of Object.entries(bounds)) {
    if (Number.isInteger(value) && value >= min && value <= max) continue;
    const message = `${name}: must be a whole number from ${min} to ${max} (received ${value})`;
    throw new HoldfastError('setting-invalid', message);
  }
}
