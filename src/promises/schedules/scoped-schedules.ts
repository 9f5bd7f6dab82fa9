import { HoldfastError } from '../../core/index.js';
import { PROMISE_DEFAULTS, type PromiseRecord } from '../promise.js';
import { isInScope, localName, type Scope, storedName } from '../scope.js';
import type { Backfill } from './backfill.js';
import { noSchedule, type SchedulePage } from './lookup.js';
import type { OccurrencePage } from './occurrences.js';
import type { NewSchedule, Schedule, SchedulePatch } from './schedule.js';
import type { Schedules } from './schedules.js';

interface PageAsk {
  readonly limit: number;
  readonly cursor?: string;
}

/** The schedules that a scope has: those of its tenant whose promises go to its queues. */
export class ScopedSchedules {
  constructor(
    private readonly schedules: Schedules,
    private readonly scope: Scope,
  ) {}

  /** @throws HoldfastError `forbidden` for a queue outside the scope, and as `Schedules.create` */
  async create(input: NewSchedule): Promise<Schedule> {
    const [name, promise] = [this.#stored(input.name), this.#template(input.promise)];
    return this.#do(input.name, () => this.schedules.create({ ...input, name, promise }));
  }

  async get(name: string): Promise<Schedule> {
    const found = await this.schedules.find(this.#stored(name));
    if (found === undefined || !isInScope(this.scope, queueOf(found.promise))) {
      throw noSchedule(name);
    }
    return local(found);
  }

  async list(ask: PageAsk): Promise<SchedulePage> {
    const { scope } = this;
    const after = ask.cursor === undefined ? {} : { cursor: this.#stored(ask.cursor) };
    const { schedules, nextCursor } = await this.schedules.list({ ...ask, ...after, scope });
    const mine = schedules.filter(({ promise }) => isInScope(scope, queueOf(promise)));
    return {
      schedules: mine.map(local),
      nextCursor: nextCursor === null ? null : localName(nextCursor),
    };
  }

  async update(name: string, patch: SchedulePatch): Promise<Schedule> {
    await this.get(name);
    const { promise: given, ...rest } = patch;
    const promise = given === undefined ? {} : { promise: this.#template(given) };
    return this.#do(name, (stored) => this.schedules.update(stored, { ...rest, ...promise }));
  }

  async pause(name: string): Promise<Schedule> {
    await this.get(name);
    return this.#do(name, (stored) => this.schedules.pause(stored));
  }

  async resume(name: string): Promise<Schedule> {
    await this.get(name);
    return this.#do(name, (stored) => this.schedules.resume(stored));
  }

  async remove(name: string): Promise<boolean> {
    await this.get(name);
    return this.schedules.remove(this.#stored(name));
  }

  async trigger(name: string, promiseId?: string): Promise<PromiseRecord> {
    await this.get(name);
    const promise = await this.schedules.trigger(this.#stored(name), promiseId);
    return { ...promise, queue: localName(promise.queue) };
  }

  async backfill(name: string, range: Parameters<Schedules['backfill']>[1]): Promise<Backfill> {
    await this.get(name);
    return this.schedules.backfill(this.#stored(name), range);
  }

  async occurrences(name: string, ask: PageAsk): Promise<OccurrencePage> {
    await this.get(name);
    return this.schedules.occurrences(this.#stored(name), ask);
  }

  #stored(name: string): string {
    return storedName(this.scope.tenant, name);
  }

  #template(promise: NewSchedule['promise']): NewSchedule['promise'] {
    const { tenant, queues } = this.scope;
    const { queue = PROMISE_DEFAULTS.queue } = promise;
    if (queues !== null && !queues.includes(queue)) {
      throw new HoldfastError('forbidden', `this key is not for the queue ${queue}`);
    }
    return tenant === '' ? promise : { ...promise, queue: storedName(tenant, queue) };
  }

  /** What is said of a schedule names it as its tenant does. */
  async #do(name: string, act: (stored: string) => Promise<Schedule>): Promise<Schedule> {
    const stored = this.#stored(name);
    try {
      return local(await act(stored));
    } catch (error) {
      if (!(error instanceof HoldfastError) || !error.message.includes(stored)) throw error;
      const { code, retryable, details } = error;
      const message = error.message.replaceAll(stored, name);
      throw new HoldfastError(code, message, { cause: error, retryable, details });
    }
  }
}

function queueOf({ queue = PROMISE_DEFAULTS.queue }: NewSchedule['promise']): string {
  return queue;
}

function local(schedule: Schedule): Schedule {
  const { name, promise } = schedule;
  if (!name.startsWith('@')) return schedule;
  const queue = localName(queueOf(promise));
  return { ...schedule, name: localName(name), promise: { ...promise, queue } };
}
