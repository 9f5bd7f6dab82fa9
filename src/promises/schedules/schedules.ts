import { InputInvalidError, newId } from '../../core/index.js';
import { type Database, databaseClock, type SqlClock } from '../../db/index.js';
import type { NewPromise, PromiseRecord } from '../promise.js';
import type { Scope } from '../scope.js';
import { sealPromise, type Vault } from '../vault.js';
import { type Backfill, backfill } from './backfill.js';
import { createSchedule, pauseSchedule, resumeSchedule, updateSchedule } from './change.js';
import { type FireReport, fireDue } from './fire.js';
import {
  findSchedule,
  getSchedule,
  nextDueInMs,
  type SchedulePage,
  schedulePage,
  timeOf,
} from './lookup.js';
import {
  type OccurrencePage,
  occurrencePage,
  parseOccurrenceCursor,
  pruneOccurrences,
} from './occurrences.js';
import type { NewSchedule, Schedule, SchedulePatch } from './schedule.js';
import { slotsIn, timetableOf } from './timetable.js';
import { triggerSchedule } from './trigger.js';

const DELETE = 'DELETE FROM schedules WHERE name = ?1 RETURNING id';

export interface SchedulesOptions {
  /** Default the database's own clock. */
  readonly clock?: SqlClock;
  /** Seals what promises of some types are given, also while it is a schedule's. Default nothing. */
  readonly vault?: Vault;
  /** Called after promises were made: whoever keeps them may look now. */
  readonly onMade?: () => void;
  /** Called after promises were cancelled, with their ids: whoever runs them stops. */
  readonly onCancelled?: (ids: readonly string[]) => void;
}

/**
 * Schedules, kept in the `queue` database beside the promises they make. Every slot
 * is fired once, however many instances call `fireDue`.
 */
export class Schedules {
  readonly #database: Database;
  readonly #clock: SqlClock;
  readonly #vault: Vault | undefined;
  readonly #onMade: () => void;
  readonly #onCancelled: (ids: readonly string[]) => void;
  readonly #listeners = new Set<() => void>();

  constructor(database: Database, options: SchedulesOptions = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
    this.#vault = options.vault;
    this.#onMade = options.onMade ?? (() => {});
    this.#onCancelled = options.onCancelled ?? (() => {});
  }

  /**
   * Makes a schedule.
   * @throws InputInvalidError when no slot is to come; HoldfastError `schedule-exists`
   */
  async create(input: NewSchedule): Promise<Schedule> {
    const now = await timeOf(this.#database, this.#clock);
    const sealed = { ...input, promise: await this.#sealed(input.promise) };
    return this.#changed(await createSchedule(this.#database, sealed, now));
  }

  find(name: string): Promise<Schedule | undefined> {
    return findSchedule(this.#database, name);
  }

  /** @throws HoldfastError `not-found` */
  get(name: string): Promise<Schedule> {
    return getSchedule(this.#database, name);
  }

  /** By name. */
  list(ask: {
    readonly limit: number;
    readonly cursor?: string;
    /** Default all. */
    readonly scope?: Scope;
  }): Promise<SchedulePage> {
    return schedulePage(this.#database, ask);
  }

  /**
   * Changes fields, as `newSchedule` has them; null takes one away. Slots that are
   * due by the old times are left out when the times change.
   * @throws InputInvalidError naming the field; HoldfastError `not-found`
   */
  async update(name: string, patch: SchedulePatch): Promise<Schedule> {
    const { promise } = patch;
    const sealed =
      promise === undefined ? patch : { ...patch, promise: await this.#sealed(promise) };
    return this.#changed(await updateSchedule(this.#database, this.#clock, name, sealed));
  }

  /** Fires nothing until `resume`. @throws HoldfastError `not-found` */
  async pause(name: string): Promise<Schedule> {
    return this.#changed(await pauseSchedule(this.#database, this.#clock, name));
  }

  /** Goes on from now: the slots of the pause are skipped. @throws HoldfastError `not-found` */
  async resume(name: string): Promise<Schedule> {
    return this.#changed(await resumeSchedule(this.#database, this.#clock, name));
  }

  /** Deletes a schedule. The promises that it made stay. False when there was none. */
  async remove(name: string): Promise<boolean> {
    const [removed] = await this.#database.write([{ sql: DELETE, args: [name] }], {
      label: 'schedules.remove',
      idempotent: true,
    });
    return (removed?.rows.length ?? 0) > 0;
  }

  /**
   * Makes the schedule's promise now, paused or not, whatever else of it is open.
   * @param promiseId of the promise: called again with the same one, it makes no second
   * @throws HoldfastError `not-found`
   */
  async trigger(name: string, promiseId: string = newId()): Promise<PromiseRecord> {
    return this.#made(await triggerSchedule(this.#database, this.#clock, name, promiseId));
  }

  /**
   * Fires the slots in [from, to) that were not fired, or tells them (`dryRun`).
   * Called again, it goes on where it was broken off.
   * @throws InputInvalidError when there are too many; HoldfastError `not-found`
   */
  async backfill(
    name: string,
    range: { readonly from: number; readonly to: number; readonly dryRun?: boolean },
  ): Promise<Backfill> {
    const schedule = await this.get(name);
    const { from, to, dryRun = false } = range;
    const bounds = { from, to, now: await timeOf(this.#database, this.#clock) };
    const made = await backfill(this.#database, this.#clock, schedule, bounds, dryRun);
    return dryRun ? made : this.#made(made);
  }

  /**
   * What became of its slots, newest first.
   * @throws InputInvalidError naming the cursor; HoldfastError `not-found`
   */
  async occurrences(
    name: string,
    ask: { readonly limit: number; readonly cursor?: string },
  ): Promise<OccurrencePage> {
    const { limit, cursor: given } = ask;
    const cursor = given === undefined ? null : parseOccurrenceCursor(given);
    if (cursor === undefined) throw cursorInvalid(given ?? '');
    const { id } = await this.get(name);
    return occurrencePage(this.#database, id, { limit, cursor });
  }

  /** Fires every slot that is due. Nothing due is one read. */
  async fireDue(): Promise<FireReport> {
    const report = await fireDue(this.#database, this.#clock);
    if (report.cancelled.length > 0) this.#onCancelled(report.cancelled);
    return report.fired.length > 0 ? this.#made(report) : report;
  }

  /** Milliseconds until the next slot of any schedule; null when there is none. */
  nextDueInMs(): Promise<number | null> {
    return nextDueInMs(this.#database, this.#clock);
  }

  /** One slice of the ledger's retention. */
  prune(options: { readonly olderThanMs: number; readonly limit: number }) {
    return pruneOccurrences(this.#database, this.#clock, options);
  }

  /**
   * Calls `listener` after schedules were changed here, and after any other connection
   * has committed to the same file. Returns how to stop.
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    const stop = this.#database.onForeignCommit(listener);
    return () => {
      this.#listeners.delete(listener);
      stop();
    };
  }

  async #sealed(promise: NewPromise): Promise<NewPromise> {
    return this.#vault === undefined ? promise : sealPromise(promise, this.#vault);
  }

  #made<T>(value: T): T {
    this.#onMade();
    return value;
  }

  #changed<T>(value: T): T {
    for (const listener of this.#listeners) listener();
    return value;
  }
}

/** The next `count` slots that are not decided yet. */
export function upcomingSlots(schedule: Schedule, count: number): number[] {
  if (schedule.nextSlotAt === null) return [];
  const range = { from: schedule.nextSlotAt, to: Number.MAX_SAFE_INTEGER, max: count };
  return slotsIn(timetableOf(schedule.settings), range);
}

function cursorInvalid(cursor: string): InputInvalidError {
  const rule = 'must be a nextCursor of this list';
  const received = JSON.stringify(cursor.slice(0, 100));
  return new InputInvalidError([{ path: 'cursor', rule, received }]);
}
