import { HoldfastError, InputInvalidError, newId, parseInput } from '../../core/index.js';
import type { Database, SqlClock, Statement } from '../../db/index.js';
import { type NewPromise, PROMISE_DEFAULTS } from '../promise.js';
import { numberOf, textOf } from '../row.js';
import { localName, storedName, tenantOf } from '../scope.js';
import { noSchedule, SELECT_NOW, SELECT_ONE } from './lookup.js';
import { type Skip, skipsBetween } from './plan.js';
import { scheduleOf, storedInput } from './row.js';
import {
  firstSlotAt,
  type NewSchedule,
  newSchedule,
  type Schedule,
  type SchedulePatch,
  settingsOf,
} from './schedule.js';
import { timetableOf } from './timetable.js';

/** A schedule as it was read, and what a change of it is decided from. */
interface Before {
  readonly schedule: Schedule;
  /** As its maker wrote it. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly now: number;
  /** Names the change. */
  readonly revision: string;
}

const INSERT = `
INSERT INTO schedules
  (name, id, revision, input, promise, anchor_at, next_slot_at, created_at, updated_at)
VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT DO NOTHING`;

const UPDATE = `
UPDATE schedules SET revision = ?4, input = ?5, promise = ?6, anchor_at = ?7, next_slot_at = ?8,
  updated_at = ?9
WHERE name = ?1 AND id = ?2 AND revision = ?3`;

const PAUSE = `
UPDATE schedules SET revision = ?4, paused_at = ?5, updated_at = ?5
WHERE name = ?1 AND id = ?2 AND revision = ?3`;

const RESUME = `
UPDATE schedules SET revision = ?4, paused_at = NULL, next_slot_at = ?5, updated_at = ?6
WHERE name = ?1 AND id = ?2 AND revision = ?3`;

const RECORD_PAUSED = `
INSERT INTO occurrences
  (schedule_id, kind, slot_at, reason, last_slot_at, slots, token, recorded_at)
SELECT id, 'skipped', ?5, 'paused', ?6, ?7, ?4, ?8 FROM schedules
WHERE name = ?1 AND id = ?2 AND revision = ?3
ON CONFLICT DO NOTHING`;

/** Others that change the same schedule at the same moment. */
const TRIES_MAX = 10;

/** What moves the next slot. */
const TIME_FIELDS = ['cron', 'every', 'timezone', 'dst', 'startAt', 'endAt'] as const;

/**
 * Makes a schedule.
 * @throws InputInvalidError when no slot is to come; HoldfastError `schedule-exists`
 */
export async function createSchedule(
  database: Database,
  input: NewSchedule,
  now: number,
): Promise<Schedule> {
  const anchorAt = wholeSecond(now);
  const nextSlotAt = firstSlotAt(settingsOf(input, anchorAt), now);
  if (nextSlotAt === null) throw neverDue(input);
  const id = newId();
  const texts = [storedInput(input), JSON.stringify(input.promise)];
  const made = await write(database, input.name, [
    { sql: INSERT, args: [input.name, id, ...texts, anchorAt, nextSlotAt, now] },
  ]);
  if (made?.id === id) return made;
  throw new HoldfastError('schedule-exists', `there is a schedule ${input.name} already`);
}

/**
 * Changes fields; null takes one away. Slots that are due by the old times are left
 * out when the times change.
 * @throws InputInvalidError naming the field; HoldfastError `not-found`
 */
export function updateSchedule(
  database: Database,
  clock: SqlClock,
  name: string,
  patch: SchedulePatch,
): Promise<Schedule> {
  return change(database, clock, name, ({ schedule, input, now, revision }) => {
    const merged = parseMerged(schedule.name, mergedInput(input, patch));
    const { settings } = schedule;
    const isNewInterval = patch.every !== undefined || patch.startAt !== undefined;
    const anchorAt =
      'anchorAt' in settings && !isNewInterval ? settings.anchorAt : wholeSecond(now);
    const isNewTime = TIME_FIELDS.some((field) => patch[field] !== undefined);
    const nextSlotAt = isNewTime
      ? firstSlotAt(settingsOf(merged, anchorAt), now)
      : schedule.nextSlotAt;
    const texts = [storedInput(merged), JSON.stringify(merged.promise)];
    const args = [...keyOf(schedule), revision, ...texts, anchorAt, nextSlotAt, now];
    return [{ sql: UPDATE, args }];
  });
}

/** Pausing what is paused changes nothing. */
export function pauseSchedule(
  database: Database,
  clock: SqlClock,
  name: string,
): Promise<Schedule> {
  return change(database, clock, name, ({ schedule, now, revision }) =>
    schedule.pausedAt === null ? [{ sql: PAUSE, args: [...keyOf(schedule), revision, now] }] : [],
  );
}

/** Goes on from now. The slots of the pause are recorded as skipped. */
export function resumeSchedule(
  database: Database,
  clock: SqlClock,
  name: string,
): Promise<Schedule> {
  return change(database, clock, name, ({ schedule, now, revision }) => {
    if (schedule.pausedAt === null) return [];
    const { nextSlotAt: cursor } = schedule;
    const timetable = timetableOf(schedule.settings);
    const isPassed = cursor !== null && cursor < now;
    const skips = isPassed ? skipsBetween(timetable, 'paused', cursor, now) : [];
    const nextSlotAt = isPassed ? timetable.next(now - 1) : cursor;
    return [
      ...skips.map((skip) => recordPaused(schedule, skip, revision, now)),
      { sql: RESUME, args: [...keyOf(schedule), revision, nextSlotAt, now] },
    ];
  });
}

/** Reads, decides, writes if nobody was faster; else again. */
async function change(
  database: Database,
  clock: SqlClock,
  name: string,
  decide: (before: Before) => Statement[],
): Promise<Schedule> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const [found, time] = await database.read(
      [
        { sql: SELECT_ONE, args: [name] },
        { sql: SELECT_NOW, args: [clock()] },
      ],
      { label: 'schedules.change' },
    );
    const row = found?.rows[0];
    if (row === undefined) throw noSchedule(name);
    const schedule = scheduleOf(row);
    const input = { ...JSON.parse(textOf(row, 'input')), promise: schedule.promise };
    const now = numberOf(time?.rows[0] ?? {}, 'now');
    const revision = newId();
    const statements = decide({ schedule, input, now, revision });
    if (statements.length === 0) return schedule;
    const written = await write(database, name, statements);
    if (written?.revision === revision) return written;
  }
  throw new HoldfastError('database-busy', `${name}: others change this schedule all the time`, {
    retryable: true,
  });
}

/** Writes, and reads the schedule as it then is. */
async function write(
  database: Database,
  name: string,
  statements: readonly Statement[],
): Promise<Schedule | undefined> {
  const results = await database.write([...statements, { sql: SELECT_ONE, args: [name] }], {
    label: 'schedules.change',
    idempotent: true,
  });
  const row = results.at(-1)?.rows[0];
  return row === undefined ? undefined : scheduleOf(row);
}

/** Checked as its tenant would have written it: stored names are none that anybody may write. */
function parseMerged(name: string, merged: Readonly<Record<string, unknown>>): NewSchedule {
  const tenant = tenantOf(name);
  const { callbackUrl, origin, ...promise } = merged.promise as NewPromise;
  const parsed = parseAs(tenant, { ...merged, promise }, promise, name);
  // Checked when they were given; as they are stored they may be sealed, which is longer.
  const told = {
    ...(callbackUrl === undefined ? {} : { callbackUrl }),
    ...(origin === undefined ? {} : { origin }),
  };
  return { ...parsed, promise: { ...parsed.promise, ...told } };
}

function parseAs(
  tenant: string,
  merged: Readonly<Record<string, unknown>>,
  promise: NewPromise,
  name: string,
): NewSchedule {
  if (tenant === '') return parseInput(newSchedule, merged);
  const queue = localName(promise.queue ?? PROMISE_DEFAULTS.queue);
  const written = { ...merged, name: localName(name), promise: { ...promise, queue } };
  const parsed = parseInput(newSchedule, written);
  return { ...parsed, name, promise: { ...parsed.promise, queue: storedName(tenant, queue) } };
}

/** Of `cron` and `every` the one that is given replaces the other, with what belongs to it. */
function mergedInput(
  input: Readonly<Record<string, unknown>>,
  { startAt, endAt, ...patch }: SchedulePatch,
): Record<string, unknown> {
  const replaced = [
    ...(patch.cron == null ? [] : ['every']),
    ...(patch.every == null ? [] : ['cron', 'timezone', 'dst']),
  ];
  const kept = Object.entries(input).filter(([field]) => !replaced.includes(field));
  const merged = {
    ...Object.fromEntries(kept),
    ...patch,
    ...(startAt === undefined ? {} : { startAt: isoOrNull(startAt) }),
    ...(endAt === undefined ? {} : { endAt: isoOrNull(endAt) }),
  };
  const given = Object.entries(merged).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(given);
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function recordPaused(schedule: Schedule, skip: Skip, revision: string, now: number): Statement {
  const { slotAt, lastSlotAt, slots } = skip;
  return {
    sql: RECORD_PAUSED,
    args: [...keyOf(schedule), revision, slotAt, lastSlotAt, slots, now],
  };
}

function keyOf({ name, id, revision }: Schedule): string[] {
  return [name, id, revision];
}

function neverDue(input: NewSchedule): InputInvalidError {
  const path = input.endAt === undefined ? 'cron' : 'endAt';
  const received = input.endAt === undefined ? input.cron : new Date(input.endAt).toISOString();
  const rule = 'must leave a time that is still to come';
  return new InputInvalidError([{ path, rule, received: JSON.stringify(received ?? null) }]);
}

function wholeSecond(ms: number): number {
  return Math.ceil(ms / 1_000) * 1_000;
}
