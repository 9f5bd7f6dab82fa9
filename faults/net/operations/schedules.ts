import { newId } from '../../../src/core/index.js';
import { newSchedule, type Schedule } from '../../../src/promises/index.js';
import { about, type Operation, type Operations, plain, type Subject } from './subject.js';

const HOUR_MS = 3_600_000;

const newOf = (type: string) =>
  newSchedule.parse({ name: `${type}-${newId()}`, every: '1h', promise: { type } });

const of = (call: (subject: Subject, schedule: Schedule) => Promise<unknown>): Operation =>
  about(({ aside, type }) => aside.schedules.create(newOf(type)), call);

/** Of `Schedules`. */
export const SCHEDULE_OPERATIONS: Operations = {
  create: plain(({ schedules, type }) => schedules.create(newOf(type))),
  find: of(({ schedules }, { name }) => schedules.find(name)),
  get: of(({ schedules }, { name }) => schedules.get(name)),
  list: plain(({ schedules }) => schedules.list({ limit: 10 })),
  update: of(({ schedules }, { name }) => schedules.update(name, { every: 2 * HOUR_MS })),
  pause: of(({ schedules }, { name }) => schedules.pause(name)),
  resume: of(({ schedules }, { name }) => schedules.resume(name)),
  remove: of(({ schedules }, { name }) => schedules.remove(name)),
  trigger: of(({ schedules }, { name }) => schedules.trigger(name)),
  backfill: of(({ schedules }, { name, createdAt }) =>
    schedules.backfill(name, { from: createdAt - 3 * HOUR_MS, to: createdAt }),
  ),
  occurrences: of(({ schedules }, { name }) => schedules.occurrences(name, { limit: 10 })),
  fireDue: plain(({ schedules }) => schedules.fireDue()),
  nextDueInMs: plain(({ schedules }) => schedules.nextDueInMs()),
  prune: plain(({ schedules }) => schedules.prune({ olderThanMs: HOUR_MS, limit: 100 })),
};
