import {
  type Clock,
  HoldfastError,
  isObserved,
  type Log,
  logForTasks,
  observed,
  type Random,
} from '../core/index.js';
import type { Claim, PromiseStore, Settlement } from '../promises/index.js';
import { Attempt, type AttemptHost, type Call } from './attempt.js';
import { Deadlines } from './deadlines.js';
import { inputOf } from './input-of.js';
import type { Intake } from './intake.js';
import { Leases } from './leases.js';
import type { TaskRegistry } from './registry.js';
import { BatchRunContext, RunContext } from './run-context.js';
import { runObservation } from './run-observation.js';
import { Settler } from './settler.js';
import { type AnyBatchTask, type ItemOutcome, isBatchTask, type Task } from './task.js';

export interface AttemptsOptions {
  readonly store: PromiseStore;
  readonly registry: TaskRegistry;
  readonly intake: Intake;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly leaseMs: number;
  /** Called when a call has ended, and when attempts are settled. */
  readonly onEnd: () => void;
}

/** The attempts that run now: each under its lease, each settled when it ends. */
export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #leases: Leases;
  readonly #settler: Settler;
  readonly #deadlines: Deadlines;
  readonly #host: AttemptHost;
  readonly #running = new Set<Attempt>();
  /** Aborted when nothing may be waited for any more. */
  readonly #halted = new AbortController();
  #calls = 0;
  readonly #waitingForEnd = new Set<() => void>();

  constructor(options: AttemptsOptions) {
    const { store, clock, log, leaseMs, random, intake } = options;
    this.#options = options;
    this.#leases = new Leases(store, clock, log, leaseMs);
    this.#deadlines = new Deadlines(clock);
    const [leases, halted] = [this.#leases, this.#halted.signal];
    const onSettled = () => this.#changed();
    this.#settler = new Settler({ store, leases, log, clock, random, halted, onSettled });
    this.#host = {
      log: logForTasks(log),
      random,
      intake,
      parents: (id) => store.parents(id),
      ended: (attempt, settlement) => this.#ended(attempt, settlement),
      progressed: (attempt, progress) => this.#leases.report(attempt, progress),
    };
  }

  /** Calls of tasks that have not ended; a batch is one. */
  get calls(): number {
    return this.#calls;
  }

  /** Attempts that have ended and are not settled. */
  get settling(): number {
    return this.#settler.size;
  }

  /** Attempts that are not settled. */
  get size(): number {
    return this.#running.size + this.#settler.size;
  }

  get settled(): number {
    return this.#settler.settled;
  }

  /** @param claimedAt when the claim was sent, by the monotonic clock: its lease is not older */
  begin(claims: readonly Claim[], claimedAt: number): void {
    const batches = new Map<AnyBatchTask, Claim[]>();
    for (const claim of claims) {
      const task = this.#options.registry.get(claim.type);
      if (task === undefined) continue;
      if (isBatchTask(task)) {
        const batch = batches.get(task);
        if (batch === undefined) batches.set(task, [claim]);
        else batch.push(claim);
      } else {
        this.#beginOne(claim, task, claimedAt);
      }
    }
    for (const [task, batch] of batches) {
      for (let start = 0; start < batch.length; start += task.sizeMax) {
        this.#beginBatch(batch.slice(start, start + task.sizeMax), task, claimedAt);
      }
    }
  }

  /** Lets what runs end within `drainMs`; hands back the rest, to be run again without burning an attempt. */
  async drain(drainMs: number): Promise<void> {
    const ended = new AbortController();
    const all = new Promise<void>((resolve) => {
      this.#waitingForEnd.add(resolve);
    });
    void all.then(() => ended.abort());
    this.#changed();
    await this.#options.clock.sleep(drainMs, ended.signal);
    this.#halted.abort();
    for (const attempt of [...this.#running]) attempt.abort('stopping');
    await all;
  }

  #beginOne(claim: Claim, task: Task, claimedAt: number): void {
    const attempt = this.#hold(claim, { left: 1 }, claimedAt);
    try {
      const input = inputOf(task, claim);
      const context = new RunContext(attempt);
      const value = isObserved()
        ? observed(
            () => runObservation(claim),
            () => task.run(input, context),
          )
        : task.run(input, context);
      if (isThenable(value)) {
        this.#deadlines.add(attempt);
        value.then(
          (result) => attempt.succeed(result),
          (error) => attempt.fail(error),
        );
      } else {
        attempt.succeed(value);
      }
    } catch (error) {
      attempt.fail(error);
    }
  }

  #beginBatch(claims: readonly Claim[], task: AnyBatchTask, claimedAt: number): void {
    const call = { left: claims.length };
    const held = claims.map((claim) => this.#hold(claim, call, claimedAt, claims[0] === claim));
    const items = held.flatMap((attempt) => itemOf(attempt, task) ?? []);
    const attempts = held.filter((attempt) => !attempt.isEnded);
    if (attempts.length === 0) return;
    const failAll = (error: unknown) => {
      for (const attempt of attempts) attempt.fail(error);
    };
    try {
      const outcomes = task.run(items);
      if (isThenable(outcomes)) {
        for (const attempt of attempts) this.#deadlines.add(attempt);
        outcomes.then((list) => endItems(attempts, list)).then(undefined, failAll);
      } else {
        endItems(attempts, outcomes);
      }
    } catch (error) {
      failAll(error);
    }
  }

  #hold(claim: Claim, call: Call, claimedAt: number, isFirst = true): Attempt {
    const attempt = new Attempt(claim, call, this.#host, claimedAt);
    if (isFirst) this.#calls += 1;
    this.#running.add(attempt);
    this.#leases.hold(attempt, claimedAt);
    return attempt;
  }

  #ended(attempt: Attempt, settlement: Settlement | undefined): void {
    this.#running.delete(attempt);
    this.#deadlines.delete(attempt);
    attempt.call.left -= 1;
    if (attempt.call.left === 0) this.#calls -= 1;
    if (settlement === undefined) this.#leases.release(attempt);
    else this.#settler.add(attempt, settlement);
    this.#changed();
  }

  #changed(): void {
    this.#options.onEnd();
    if (this.#waitingForEnd.size === 0 || this.size > 0) return;
    for (const resolve of this.#waitingForEnd) resolve();
    this.#waitingForEnd.clear();
  }
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { readonly then?: unknown } | undefined | null)?.then === 'function';
}

/** What the task is given of an attempt; an input that it refuses fails that attempt alone. */
function itemOf(attempt: Attempt, task: AnyBatchTask): BatchRunContext | undefined {
  try {
    return new BatchRunContext(attempt, inputOf(task, attempt.claim));
  } catch (error) {
    attempt.fail(error);
    return undefined;
  }
}

/** @throws HoldfastError `run-failed` when there is not one outcome an item */
function endItems(attempts: readonly Attempt[], outcomes: readonly ItemOutcome<unknown>[]): void {
  if (!Array.isArray(outcomes) || outcomes.length !== attempts.length) {
    const received = Array.isArray(outcomes) ? `${outcomes.length}` : 'no list';
    throw new HoldfastError(
      'run-failed',
      `a batch task must return one outcome an item: ${attempts.length} (received ${received})`,
    );
  }
  for (const [index, attempt] of attempts.entries()) {
    const outcome: unknown = outcomes[index];
    if (outcome instanceof Error) attempt.fail(outcome);
    else attempt.succeed(outcome);
  }
}
