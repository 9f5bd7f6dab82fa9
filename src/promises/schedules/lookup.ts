import { HoldfastError } from '../../core/index.js';
import { type Database, NOW, type SqlClock } from '../../db/index.js';
import { numberOf } from '../row.js';
import { inScope, type Scope, scopeArgs } from '../scope.js';
import { SCHEDULE_COLUMNS, scheduleOf } from './row.js';
import type { Schedule } from './schedule.js';

export interface SchedulePage {
  readonly schedules: readonly Schedule[];
  /** The last name of the page; null on the last one. */
  readonly nextCursor: string | null;
}

export const SELECT_NOW = `SELECT ${NOW} AS now`;

export const SELECT_ONE = `SELECT ${SCHEDULE_COLUMNS} FROM schedules WHERE name = ?1`;

const SELECT_PAGE = `
SELECT ${SCHEDULE_COLUMNS} FROM schedules
WHERE (?1 IS NULL OR name > ?1) AND ${inScope('name', 3)} ORDER BY name LIMIT ?2`;

const NEXT_DUE = `
SELECT min(next_slot_at) - ${NOW} AS due_in_ms FROM schedules INDEXED BY schedules_due
WHERE next_slot_at IS NOT NULL AND paused_at IS NULL`;

/** @throws HoldfastError `not-found` */
export async function getSchedule(database: Database, name: string): Promise<Schedule> {
  const schedule = await findSchedule(database, name);
  if (schedule === undefined) throw noSchedule(name);
  return schedule;
}

export async function findSchedule(
  database: Database,
  name: string,
): Promise<Schedule | undefined> {
  const [found] = await database.read([{ sql: SELECT_ONE, args: [name] }], {
    label: 'schedules.get',
  });
  const row = found?.rows[0];
  return row === undefined ? undefined : scheduleOf(row);
}

export async function schedulePage(
  database: Database,
  ask: { readonly limit: number; readonly cursor?: string; readonly scope?: Scope },
): Promise<SchedulePage> {
  // Queues are no names of schedules: whoever asks sorts those out.
  const scope = ask.scope && { ...ask.scope, queues: null };
  const args = [ask.cursor ?? null, ask.limit + 1, ...scopeArgs(scope)];
  const [found] = await database.read([{ sql: SELECT_PAGE, args }], { label: 'schedules.list' });
  const rows = found?.rows ?? [];
  const schedules = rows.slice(0, ask.limit).map(scheduleOf);
  return {
    schedules,
    nextCursor: rows.length > ask.limit ? (schedules.at(-1)?.name ?? null) : null,
  };
}

/** The database's time. */
export async function timeOf(database: Database, clock: SqlClock): Promise<number> {
  const [time] = await database.read([{ sql: SELECT_NOW, args: [clock()] }], {
    label: 'schedules.now',
  });
  return numberOf(time?.rows[0] ?? {}, 'now');
}

/** Milliseconds until the next slot of any schedule; null when there is none. */
export async function nextDueInMs(database: Database, clock: SqlClock): Promise<number | null> {
  const [found] = await database.read([{ sql: NEXT_DUE, args: [clock()] }], {
    label: 'schedules.next-due',
  });
  const dueInMs = found?.rows[0]?.due_in_ms;
  return typeof dueInMs === 'number' ? dueInMs : null;
}

export function noSchedule(name: string): HoldfastError {
  return new HoldfastError('not-found', `there is no schedule ${JSON.stringify(name)}`);
}
