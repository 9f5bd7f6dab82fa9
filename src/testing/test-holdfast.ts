import type { z } from 'zod';
import {
  HoldfastError,
  type Json,
  type Log,
  newId,
  parseDuration,
  silentLog,
} from '../core/index.js';
import {
  type Enqueued,
  isSettled,
  type PromiseRecord,
  PromiseStore,
  Schedules,
} from '../promises/index.js';
import {
  type AnyTask,
  bindTasks,
  type EnqueueOptions,
  Executor,
  Intake,
  TaskRegistry,
  type Typed,
} from '../tasks/index.js';
import { CountedTasks } from './counted-tasks.js';
import type { FaultyDatabase } from './faulty-database.js';
import type { VirtualClock } from './virtual-clock.js';

export interface TestHoldfastParts {
  readonly tasks: readonly AnyTask[];
  readonly clock: VirtualClock;
  readonly database: FaultyDatabase;
  readonly inline: boolean;
  readonly log?: Log;
  readonly cleanUp: () => Promise<void>;
}

/** Turns of the event loop in which nothing happens before time is let pass: a write waits for one or two. */
const QUIET_TURNS = 10;
/** Steps of one `advance`: more are a schedule of seconds over weeks. */
const STEPS_MAX = 1_000_000;
/** A step when what is due is nothing that this service can do. */
const STUCK_MS = 1_000;
/** Longer than any attempt: what runs is never handed back. */
const DRAIN_MS = 315_360_000_000;
/** Tries of one round that the database refuses: injected faults end. */
const TRIES_MAX = 100;

/**
 * A whole Holdfast in the hands of a test: its time stands still until it is told to
 * go on, nothing runs by itself, and its database goes wrong on demand.
 */
export class TestHoldfast {
  readonly clock: VirtualClock;
  readonly database: FaultyDatabase;
  readonly store: PromiseStore;
  readonly schedules: Schedules;
  readonly #parts: TestHoldfastParts;
  readonly #tasks: CountedTasks;
  readonly #registry: TaskRegistry;
  readonly #intake: Intake;
  readonly #unbind: () => void;

  constructor(parts: TestHoldfastParts) {
    const { clock, database, tasks } = parts;
    this.#parts = parts;
    this.clock = clock;
    this.database = database;
    this.store = new PromiseStore(database, { clock: clock.now, random: () => 0 });
    this.schedules = new Schedules(database, { clock: clock.now });
    this.#tasks = new CountedTasks(tasks);
    this.#registry = new TaskRegistry(this.#tasks.list);
    this.#intake = new Intake(this.#registry, this.store);
    this.#unbind = bindTasks(tasks, (type, payload, options) => this.#make(type, payload, options));
  }

  /**
   * Makes a promise. In inline mode it has been kept when this resolves, as far as it is
   * due now.
   * @throws InputInvalidError naming the field
   */
  async enqueue<I extends z.ZodType>(
    task: Typed<I>,
    input: z.input<I>,
    options?: EnqueueOptions,
  ): Promise<PromiseRecord>;
  async enqueue(type: string, payload: Json, options?: EnqueueOptions): Promise<PromiseRecord>;
  async enqueue(
    task: string | Typed<z.ZodType>,
    payload: unknown,
    options?: EnqueueOptions,
  ): Promise<PromiseRecord> {
    const type = typeof task === 'string' ? task : task.type;
    return (await this.#make(type, payload, options)).promise;
  }

  /** @throws HoldfastError `not-found` */
  async get(id: string): Promise<PromiseRecord> {
    const promise = await this.store.get(id);
    if (promise !== undefined) return promise;
    throw new HoldfastError('not-found', `there is no promise ${JSON.stringify(id)}`);
  }

  /**
   * Does everything that is due now, and what that makes due at once: fires schedules,
   * runs promises, settles them. Time stands still, unless something can only go on
   * later: the wait after an error of the database, or a timeout of what is stuck.
   */
  async runUntilIdle(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.schedules.fireDue();
        await this.#lettingTimePass(this.#work());
        return;
      } catch (error) {
        const isPassing = error instanceof HoldfastError && error.retryable;
        if (!isPassing || tries === TRIES_MAX) throw error;
      }
    }
  }

  /** Lets time pass, and does everything that comes due, each thing at its time. */
  async advance(time: number | string): Promise<void> {
    const ms = parseDuration(time);
    if (ms === undefined) throw new RangeError(`no duration: ${time}`);
    const end = this.clock.now() + ms;
    await this.runUntilIdle();
    for (let steps = 0; steps < STEPS_MAX; steps += 1) {
      const wakeInMs = await this.#wakeInMs();
      if (wakeInMs === null || this.clock.now() + wakeInMs > end) break;
      await this.clock.advance(wakeInMs);
      await this.runUntilIdle();
    }
    await this.clock.advance(Math.max(0, end - this.clock.now()));
    await this.runUntilIdle();
  }

  /** As `advance`, until a promise is settled; resolves with it. At most ten years. */
  async settled(id: string): Promise<PromiseRecord> {
    await this.runUntilIdle();
    for (let steps = 0; steps < STEPS_MAX; steps += 1) {
      const promise = await this.get(id);
      if (isSettled(promise.status)) return promise;
      const wakeInMs = await this.#wakeInMs();
      if (wakeInMs === null) break;
      await this.clock.advance(wakeInMs);
      await this.runUntilIdle();
    }
    throw new Error(`promise ${id} is not settled, and nothing that comes due would settle it`);
  }

  /** Closes the database, and removes it when it was made for this test. */
  async close(): Promise<void> {
    this.#unbind();
    await this.database.close();
    await this.#parts.cleanUp();
  }

  async #make(type: string, payload: unknown, options?: EnqueueOptions): Promise<Enqueued> {
    const made = await this.#intake.make(this.#intake.parse(type, payload, options));
    if (!this.#parts.inline) return made;
    await this.runUntilIdle();
    return { ...made, promise: await this.get(made.promise.id) };
  }

  async #work(): Promise<void> {
    const executor = new Executor({
      store: this.store,
      registry: this.#registry,
      log: this.#parts.log ?? silentLog,
      clock: this.clock,
      random: () => 0,
      worker: `test-${newId()}`,
    });
    await executor.runUntilIdle({ claimMs: 1, drainMs: DRAIN_MS });
  }

  /**
   * Waits for `work`. When neither a task nor the database has anything to do, only a
   * timer can move it on: then that timer's time has come.
   */
  async #lettingTimePass(work: Promise<void>): Promise<void> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    void work.then(done, done);
    for (let quiet = 0; !isDone; quiet += 1) {
      await turn();
      if (this.#tasks.running > 0 || this.database.underWay > 0) quiet = 0;
      const wakesInMs = this.clock.wakesInMs;
      if (quiet < QUIET_TURNS || wakesInMs === null) continue;
      await this.clock.advance(wakesInMs);
      quiet = 0;
    }
    await work;
  }

  async #wakeInMs(): Promise<number | null> {
    const waits = await Promise.all([
      this.store.nextWakeInMs(this.#registry.types),
      this.schedules.nextDueInMs(),
    ]);
    const given = waits.filter((ms) => ms !== null);
    if (given.length === 0) return null;
    const first = Math.min(...given);
    return first > 0 ? first : STUCK_MS;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
