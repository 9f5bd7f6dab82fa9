import { type Clock, isWeather } from '../src/core/index.js';
import {
  type Claim,
  PromiseStore,
  type PromiseStoreOptions,
  Schedules,
  type SettleOutcome,
} from '../src/promises/index.js';
import { stackOf } from './actors/weather.js';
import { Link } from './link.js';
import { SERVER_TIME } from './server.js';
import { T0 } from './timeline.js';
import type { World } from './world.js';

/** Tells what it is asked for, and what settlements are refused for. */
class WatchedStore extends PromiseStore {
  constructor(
    private readonly process: Process,
    options: PromiseStoreOptions,
  ) {
    super(process.database, options);
  }

  override claim(...asked: Parameters<PromiseStore['claim']>): Promise<Claim[]> {
    this.process.world.ledger.tokens.add(asked[0].token);
    return super.claim(...asked);
  }

  override settle(...asked: Parameters<PromiseStore['settle']>): Promise<SettleOutcome[]> {
    const { world } = this.process;
    world.violate(world.ledger.settling(asked[0]));
    // The executor settles a set one by one when it is refused, whatever for.
    return super.settle(...asked).catch((error: unknown) => {
      this.process.met(error);
      throw error;
    });
  }
}

/**
 * One process with the real engine in it. It can die at any await: nothing that it waits
 * for comes then. It can be stopped for a while, and never learns of it.
 */
export class Process {
  readonly clock: Clock;
  readonly database: Link;
  readonly store: WatchedStore;
  readonly schedules: Schedules;
  #isAlive = true;
  #stoppedUntil = 0;
  /** Its clock runs a little fast or slow, and is wrong. */
  readonly #rate: number;
  #offsetMs: number;

  constructor(
    readonly world: World,
    readonly name: string,
  ) {
    const { dice, scenario } = world;
    this.#rate = scenario.clocksDrift ? 0.9 + dice.next() / 5 : 1;
    this.#offsetMs = scenario.clocksDrift ? dice.int(-120_000, 120_000) : 0;
    const monotonic = () => (world.timeline.now - T0) * this.#rate;
    this.clock = {
      now: () => T0 + monotonic() + this.#offsetMs,
      monotonic,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
    this.database = new Link(this);
    const clock = () => SERVER_TIME;
    this.store = new WatchedStore(this, { clock, random: dice.next });
    this.schedules = new Schedules(this.database, { clock });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  sleep(ms: number): Promise<void> {
    return this.#sleep(ms);
  }

  crash(): void {
    this.#isAlive = false;
    this.note('crashes');
  }

  /** As SIGSTOP does, and SIGCONT after `ms`. */
  stop(ms: number): void {
    this.#stoppedUntil = this.world.timeline.now + ms;
    this.note('stands still', `${ms} ms`);
  }

  /** Its clock is put right, or wrong; `monotonic` does not notice. */
  jump(ms: number): void {
    this.#offsetMs += ms;
  }

  /** Lets `run` happen in `ms`, when the process is there for it. */
  later(ms: number, run: () => void): void {
    const { timeline } = this.world;
    timeline.in(ms, () => {
      if (!this.#isAlive) return;
      const stoppedMs = this.#stoppedUntil - timeline.now;
      if (stoppedMs > 0) this.later(stoppedMs, run);
      else run();
    });
  }

  /** Whoever goes on after an error that is not the database's hides a mistake. */
  met(error: unknown): void {
    if (!isWeather(error)) this.world.violate(`${this.name} goes on after ${stackOf(error)}`);
  }

  note(what: string, detail?: unknown): void {
    this.world.trace.note(this.world.timeline.now, this.name, what, detail);
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        signal?.removeEventListener('abort', done);
        resolve();
      };
      signal?.addEventListener('abort', done, { once: true });
      // For ever is not a time that ever comes.
      if (Number.isFinite(ms)) this.later(ms / this.#rate, done);
    });
  }
}
