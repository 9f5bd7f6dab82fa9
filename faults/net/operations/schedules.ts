import { newId } from '../../../src/core/index.js';
import {
  type NewSchedule,
  newSchedule,
  type Occurrence,
  type Schedule,
} from '../../../src/promises/index.js';
import { type Operation, type Operations, reads, writes } from './operation.js';
import { HOUR_MS, type Subject } from './subject.js';

const newOf = ({ type }: Subject): NewSchedule =>
  newSchedule.parse({ name: `${type}-${newId()}`, every: '1h', promise: { type } });

const made = (subject: Subject) => subject.aside.schedules.create(newOf(subject));

/** A slot of it was half an hour ago. */
const due = (subject: Subject) => subject.earlier.schedules.create(newOf(subject));

async function paused(subject: Subject): Promise<Schedule> {
  const { name } = await made(subject);
  return subject.aside.schedules.pause(name);
}

async function triggered(subject: Subject, by: 'aside' | 'earlier'): Promise<Schedule> {
  const schedule = await made(subject);
  await subject[by].schedules.trigger(schedule.name);
  return schedule;
}

async function occurrencesOf({ aside }: Subject, { name }: Schedule, kind: Occurrence['kind']) {
  const { occurrences } = await aside.schedules.occurrences(name, { limit: 10 });
  return occurrences.filter((one) => one.kind === kind).length;
}

const isFired = async (subject: Subject, schedule: Schedule) =>
  (await occurrencesOf(subject, schedule, 'fired')) === 1;

const of = (call: (subject: Subject, schedule: Schedule) => Promise<unknown>): Operation =>
  reads(made, call);

/** Of `Schedules`. */
export const SCHEDULE_OPERATIONS: Operations = {
  create: writes(
    async (subject) => newOf(subject),
    ({ schedules }, input) => schedules.create(input),
    async ({ aside }, { name }) => (await aside.schedules.find(name)) !== undefined,
  ),
  find: of(({ schedules }, { name }) => schedules.find(name)),
  get: of(({ schedules }, { name }) => schedules.get(name)),
  list: of(({ schedules }) => schedules.list({ limit: 10 })),
  update: writes(
    made,
    ({ schedules }, { name }) => schedules.update(name, { every: 2 * HOUR_MS }),
    async ({ aside }, { name }) => {
      const { settings } = await aside.schedules.get(name);
      return 'everyMs' in settings && settings.everyMs === 2 * HOUR_MS;
    },
  ),
  pause: writes(
    made,
    ({ schedules }, { name }) => schedules.pause(name),
    async ({ aside }, { name }) => (await aside.schedules.get(name)).pausedAt !== null,
  ),
  resume: writes(
    paused,
    ({ schedules }, { name }) => schedules.resume(name),
    async ({ aside }, { name }) => (await aside.schedules.get(name)).pausedAt === null,
  ),
  remove: writes(
    made,
    ({ schedules }, { name }) => schedules.remove(name),
    async ({ aside }, { name }) => (await aside.schedules.find(name)) === undefined,
  ),
  trigger: writes(
    made,
    ({ schedules }, { name }) => schedules.trigger(name),
    async (subject, schedule) => (await occurrencesOf(subject, schedule, 'manual')) === 1,
  ),
  backfill: writes(
    due,
    ({ schedules }, { name, createdAt }) =>
      schedules.backfill(name, { from: createdAt + HOUR_MS, to: createdAt + 2 * HOUR_MS }),
    isFired,
  ),
  occurrences: reads(
    (subject) => triggered(subject, 'aside'),
    ({ schedules }, { name }) => schedules.occurrences(name, { limit: 10 }),
  ),
  fireDue: writes(due, ({ schedules }) => schedules.fireDue(), isFired),
  nextDueInMs: of(({ schedules }) => schedules.nextDueInMs()),
  prune: writes(
    (subject) => triggered(subject, 'earlier'),
    ({ schedules }) => schedules.prune({ olderThanMs: HOUR_MS, limit: 100 }),
    async (subject, schedule) => (await occurrencesOf(subject, schedule, 'manual')) === 0,
  ),
};
