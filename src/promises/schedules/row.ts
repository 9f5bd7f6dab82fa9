import { type InputIssue, inputIssues } from '../../core/index.js';
import type { Row } from '../../db/index.js';
import type { NewPromise } from '../promise.js';
import { jsonOf, numberOf, textOf } from '../row.js';
import { localName } from '../scope.js';
import { type NewSchedule, newSchedule, type Schedule, settingsOf } from './schedule.js';

/** Whole schedules, with the time of the look. Followed by FROM. */
export const SCHEDULE_COLUMNS = `
name, id, revision, input, promise, anchor_at, next_slot_at, paused_at, created_at, updated_at`;

type Stored = Omit<NewSchedule, 'startAt' | 'endAt'> & {
  readonly startAt?: string;
  readonly endAt?: string;
};

/** A row of `SCHEDULE_COLUMNS`. */
export function scheduleOf(row: Row): Schedule {
  const { startAt, endAt, ...rest } = jsonOf<Stored>(row, 'input');
  const promise = jsonOf<NewPromise>(row, 'promise');
  const input: NewSchedule = {
    ...rest,
    promise,
    ...(startAt === undefined ? {} : { startAt: Date.parse(startAt) }),
    ...(endAt === undefined ? {} : { endAt: Date.parse(endAt) }),
  };
  return {
    name: textOf(row, 'name'),
    id: textOf(row, 'id'),
    revision: textOf(row, 'revision'),
    settings: settingsOf(input, numberOf(row, 'anchor_at')),
    promise,
    pausedAt: numberOrNull(row, 'paused_at'),
    nextSlotAt: numberOrNull(row, 'next_slot_at'),
    createdAt: numberOf(row, 'created_at'),
    updatedAt: numberOf(row, 'updated_at'),
  };
}

/** What was written, as `input` keeps it: fit to be parsed again, with a change in it. */
export function storedInput({ promise: _, startAt, endAt, ...rest }: NewSchedule): string {
  return JSON.stringify({
    ...rest,
    ...(startAt === undefined ? {} : { startAt: new Date(startAt).toISOString() }),
    ...(endAt === undefined ? {} : { endAt: new Date(endAt).toISOString() }),
  });
}

/**
 * What is wrong with a schedule that was stored elsewhere. Parts of its promise that may be
 * sealed are not looked at: sealed they are longer.
 */
export function issuesOfStored(name: string, input: unknown, promise: unknown): InputIssue[] {
  const { payload, callbackUrl, origin, queue, ...rest } = { ...(promise as Partial<NewPromise>) };
  const stored = { ...rest, ...(queue !== undefined && { queue: localName(String(queue)) }) };
  const written = { ...(input as object), name: localName(name), promise: stored };
  const { error } = newSchedule.safeParse(written);
  return error === undefined ? [] : inputIssues(error, written);
}

export function numberOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : numberOf(row, column);
}
