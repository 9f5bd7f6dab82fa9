import {
  type Clock,
  HoldfastError,
  type Log,
  logForTasks,
  type Random,
  silentLog,
  systemClock,
  systemRandom,
} from '../core/index.js';
import type { ApiError } from './api-error.js';
import { Attempt, type AttemptHost } from './attempt.js';
import { type Client, type ClientOptions, createClient } from './client.js';
import { type Claimed, type Handlers, type HandlerTask, handlersOf } from './handler.js';
import { Leases } from './leases.js';
import { Puller } from './puller.js';
import { runBatch, runOne } from './run.js';
import type { Settlement } from './settlement.js';
import { Settler } from './settler.js';
import { type Run, runOf, type WorkerStatus } from './worker-status.js';

export interface WorkerOptions {
  /** A client, or what one is made of. */
  readonly client: Client | ClientOptions;
  /** Promises of this queue are pulled, or of these, first priorities first over all of them; 20 at most. */
  readonly queue: string | readonly string[];
  /** What keeps them: tasks of `defineTask` and `defineBatchTask`, or functions by type. Other types are left to others. */
  readonly handlers: Handlers;
  /** Names this worker in claims. Default a random name. */
  readonly name?: string;
  /** Calls of handlers that run at once, 1 to 1,000. Default 10. */
  readonly concurrency?: number;
  /** Types that have places of their own, beside `concurrency`: how many of each run at once. A batch type has `concurrency` calls by default. */
  readonly places?: Readonly<Record<string, number>>;
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

const DEFAULTS = {
  concurrency: 10,
  leaseMs: 30_000,
  waitMs: 20_000,
  drainMs: 10_000,
  places: {},
} as const;
const QUEUES_MAX = 20;

/**
 * Pulls promises of queues and keeps them, anywhere: claims by long-poll as many as
 * there is room for, keeps their leases, settles them in batches. While the server is
 * away it keeps what it has, and goes on when the server is back.
 */
export class Worker {
  readonly #options: Required<
    Omit<WorkerOptions, 'client' | 'queue' | 'handlers' | 'onChange' | 'onRefused'>
  >;
  readonly #client: Client;
  readonly #handlers: ReadonlyMap<string, HandlerTask>;
  readonly #pullers: readonly Puller[];
  readonly #onChange: (status: WorkerStatus) => void;
  readonly #leases: Leases;
  readonly #settler: Settler;
  readonly #host: AttemptHost;
  readonly #running = new Map<Attempt, Run>();
  /** What is to be told when an attempt has ended. */
  readonly #calls = new Map<Attempt, () => void>();
  readonly #stopping = new AbortController();
  readonly #counts = { completed: 0, failed: 0, other: 0, lost: 0 };
  #ranOut = new AbortController();
  #isAway = false;
  #isStopped = false;
  #work: Promise<unknown> | undefined;

  /** @throws HoldfastError `setting-invalid` naming the option */
  constructor(options: WorkerOptions) {
    const { client, queue, handlers, onChange, onRefused, ...rest } = options;
    const own = { log: silentLog, clock: systemClock, random: systemRandom };
    const name = `worker-${crypto.randomUUID().slice(0, 8)}`;
    this.#options = { name, ...DEFAULTS, ...own, ...rest };
    requireBounds(this.#options);
    this.#client = 'settlePromises' in client ? client : createClient(client);
    this.#handlers = handlersOf(handlers);
    this.#onChange = onChange ?? (() => {});
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
      progressed: (attempt, progress) => {
        this.#leases.report(attempt, progress);
        this.#onChange(this.status);
      },
    };
    this.#pullers = this.#pullersOf(queuesOf(queue), onRefused ?? (() => {}));
  }

  get status(): WorkerStatus {
    const working = this.#isAway ? 'server-away' : 'working';
    const state = this.#stopping.signal.aborted ? 'stopping' : working;
    const running = this.#running;
    return {
      state: this.#isStopped ? 'stopped' : state,
      running: running.size,
      // Told at each change, and looked at by few.
      get runs() {
        return [...running.values()];
      },
      unsettled: this.#settler.size,
      ...this.#counts,
    };
  }

  /** Works until `stop`. */
  start(): void {
    this.#work ??= Promise.all(this.#pullers.map((puller) => puller.work()));
  }

  /**
   * Claims no more, lets running handlers end within `drainMs`, hands the rest back, and
   * sends what is settled. Resolves when nothing is left to do.
   */
  async stop(drainMs: number = this.#options.drainMs): Promise<void> {
    const { clock } = this.#options;
    this.#stopping.abort();
    for (const puller of this.#pullers) puller.look();
    this.#onChange(this.status);
    await this.#work;
    if (this.#running.size > 0) {
      this.#ranOut = new AbortController();
      await clock.sleep(drainMs, this.#ranOut.signal);
    }
    for (const attempt of [...this.#running.keys()]) attempt.abort('stopping');
    const late = new AbortController();
    const settled = this.#settler.drain(late.signal);
    const lateness = clock.sleep(Math.max(drainMs, DEFAULTS.drainMs / 2), late.signal);
    void lateness.then(() => late.abort());
    await settled;
    late.abort();
    this.#isStopped = true;
    this.#onChange(this.status);
  }

  /** One for the types that share `concurrency`, one for each that has places of its own. */
  #pullersOf(
    queues: readonly [string, ...string[]],
    refused: (error: ApiError) => void,
  ): readonly Puller[] {
    const { places, concurrency } = this.#options;
    const tasks = [...this.#handlers.values()];
    const isApart = ({ type, sizeMax }: HandlerTask) =>
      places[type] !== undefined || sizeMax !== undefined;
    const shared = tasks.filter((task) => !isApart(task)).map(({ type }) => type);
    const pools = [
      ...(shared.length > 0 ? [{ types: shared, concurrency, sizeMax: 1 }] : []),
      ...tasks.filter(isApart).map(({ type, sizeMax = 1 }) => {
        return { types: [type], concurrency: places[type] ?? concurrency, sizeMax };
      }),
    ];
    return pools.map((pool) => {
      const puller: Puller = new Puller({
        ...this.#options,
        ...pool,
        client: this.#client,
        versions: versionsOf(tasks, pool.types),
        queues,
        signal: this.#stopping.signal,
        isFull: () => this.#settler.size >= concurrency,
        begin: (claims, sentAt) => this.#begin(puller, claims, sentAt),
        refused,
        away: (isAway) => this.#away(isAway),
      });
      return puller;
    });
  }

  async #begin(puller: Puller, claims: readonly Claimed[], sentAt: number): Promise<void> {
    const { clock, leaseMs, log } = this.#options;
    const byTask = new Map<HandlerTask, Claimed[]>();
    for (const claim of claims) {
      const task = this.#handlers.get(claim.type);
      // Nothing of it was asked for. Its lease runs out, and others may have it.
      if (task === undefined) log.error('not-allowed', { promise: claim.id, type: claim.type });
      else byTask.set(task, [...(byTask.get(task) ?? []), claim]);
    }
    for (const [task, own] of byTask) {
      const size = task.sizeMax ?? 1;
      for (let at = 0; at < own.length; at += size) {
        this.#call(puller, task, own.slice(at, at + size), sentAt);
      }
    }
    this.#onChange(this.status);
    // The server may have held the claim back, or the answer may be to an earlier call: how old is it?
    if (clock.monotonic() - sentAt > leaseMs / 3) await this.#leases.beat();
  }

  #call(puller: Puller, task: HandlerTask, claims: readonly Claimed[], sentAt: number): void {
    let left = claims.length;
    const ended = () => {
      left -= 1;
      if (left === 0) puller.callEnded();
    };
    puller.callBegan();
    const attempts = claims.map((claim) => {
      const attempt = new Attempt(claim, this.#host);
      this.#running.set(attempt, runOf(attempt));
      this.#calls.set(attempt, ended);
      this.#leases.hold(attempt, sentAt);
      const { id: promise, type, attempt: number } = claim;
      this.#options.log.info('started', { promise, type, attempt: number });
      return attempt;
    });
    const [first] = attempts;
    if (task.sizeMax !== undefined) void runBatch(attempts, task);
    else if (first !== undefined) void runOne(first, task);
  }

  #ended(attempt: Attempt, settlement: Settlement | undefined): void {
    this.#running.delete(attempt);
    if (settlement === undefined) {
      this.#leases.release(attempt);
      this.#counts.lost += 1;
    } else {
      this.#settler.add(attempt, settlement);
    }
    this.#calls.get(attempt)?.();
    this.#calls.delete(attempt);
    if (this.#running.size === 0) this.#ranOut.abort();
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
    for (const puller of this.#pullers) puller.look();
    this.#onChange(this.status);
  }

  #away(isAway: boolean): void {
    if (this.#isAway === isAway) return;
    this.#isAway = isAway;
    this.#options.log.info(isAway ? 'server-away' : 'server-back');
    this.#onChange(this.status);
  }
}

/** @throws HoldfastError `setting-invalid` */
function queuesOf(queue: string | readonly string[]): readonly [string, ...string[]] {
  const [first, ...others] = new Set(typeof queue === 'string' ? [queue] : queue);
  if (first !== undefined && others.length < QUEUES_MAX) return [first, ...others];
  const message = `queue: must be 1 to ${QUEUES_MAX} names (received ${others.length + (first === undefined ? 0 : 1)})`;
  throw new HoldfastError('setting-invalid', message);
}

function requireBounds({
  concurrency,
  leaseMs,
  places,
}: Required<Pick<WorkerOptions, 'concurrency' | 'leaseMs' | 'places'>>): void {
  const bounds: readonly (readonly [string, number, number, number])[] = [
    ['concurrency', concurrency, 1, 1_000],
    ['leaseMs', leaseMs, 1_000, 43_200_000],
    ...Object.entries(places).map(([type, count]) => [`places.${type}`, count, 1, 1_000] as const),
  ];
  for (const [name, value, min, max] of bounds) {
    if (Number.isInteger(value) && value >= min && value <= max) continue;
    const message = `${name}: must be a whole number from ${min} to ${max} (received ${value})`;
    throw new HoldfastError('setting-invalid', message);
  }
}

function versionsOf(tasks: readonly HandlerTask[], types: readonly string[]) {
  const pairs = tasks
    .filter(({ type }) => types.includes(type))
    .flatMap(({ type, version }) => (version === undefined ? [] : [[type, version] as const]));
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}
