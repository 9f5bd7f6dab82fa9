import { join } from 'node:path';
import { Cron } from 'croner';
import { type Database, migrate, openDatabase, type Row } from '../../src/db/index.js';
import {
  newSchedule,
  promiseMigrations,
  type Schedule,
  Schedules,
} from '../../src/promises/index.js';

export interface SimulationOptions {
  /** Ends when this many slots have been fired. */
  readonly fires: number;
  /** Instances that fire at once, each over connections of its own. */
  readonly instances: number;
  readonly schedules: number;
  /** The same seed is the same run. */
  readonly seed: number;
  /** Where the database goes. */
  readonly directory: string;
  readonly onStep?: (fired: number) => void;
}

export interface SimulationReport {
  readonly steps: number;
  readonly fired: number;
  readonly skipped: number;
  /** Times that the clock was put back. */
  readonly jumpsBack: number;
  /** Times that it was put forward by hours, or that nobody was there. */
  readonly jumpsForward: number;
  /** Slots looked up in the ledger. */
  readonly slotsChecked: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** A week before Europe's clocks go back: changes of both kinds lie ahead for some zone. */
const START = Date.UTC(2026, 9, 18, 12);
/** How far the clocks of instances are apart. */
const SKEW = 2 * SECOND;

const CRONS = [
  '* * * * * *',
  '*/10 * * * * *',
  '*/7 * * * *',
  '30 * * * *',
  '15 2 * * *',
  '0,30 1-3 * * *',
];
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Santiago',
];
const MISSED = [
  'skip',
  'latest',
  'all',
  { policy: 'all', cap: 5, grace: '30s' },
  { policy: 'all', window: '30m' },
  { policy: 'skip', grace: 0 },
] as const;
const OVERLAPS = ['allow', 'allow', 'allow', 'allow', 'skip', 'queue', 'cancel'] as const;
/** Why a slot may be left out that was on time. */
const LEFT_OUT: Readonly<Record<string, unknown>> = {
  skip: 'overlap',
  queue: 'queue-full',
  cancel: 'overlap',
};
/** Promises of one schedule that may have been made, and may be open, while none of them ends. */
const OPEN_MAX: Readonly<Record<string, { readonly made: number; readonly open: number }>> = {
  skip: { made: 1, open: 1 },
  queue: { made: 100, open: 100 },
  cancel: { made: Number.MAX_SAFE_INTEGER, open: 1 },
};

/**
 * Fires schedules by several instances at once while their clock jumps, then looks
 * every slot up: fired once, or skipped as its policy says.
 * @throws Error telling the first slot that is wrong
 */
export async function simulateSchedules(options: SimulationOptions): Promise<SimulationReport> {
  const random = mulberry32(options.seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const url = `file:${join(options.directory, 'queue.db')}`;
  const open = () =>
    openDatabase({ name: 'queue', url, profile: 'queue', settings: { synchronous: 'off' } });
  const databases = await Promise.all(Array.from({ length: options.instances }, open));
  const [first] = databases as [Database];
  const time = { now: START };
  try {
    await migrate(first, promiseMigrations);
    const instances = databases.map((database) => {
      const skew = Math.floor((random() - 0.5) * SKEW);
      return new Schedules(database, { clock: () => time.now + skew });
    });
    const schedules = await makeSchedules(first, options.schedules, pick, time);
    const counts = { steps: 0, fired: 0, skipped: 0, jumpsBack: 0, jumpsForward: 0 };
    let made = 0;
    while (counts.fired < options.fires) {
      counts.steps += 1;
      letTimePass(time, random, counts);
      const reports = await Promise.all(instances.map((instance) => instance.fireDue()));
      counts.fired += reports.reduce((sum, report) => sum + report.fired.length, 0);
      counts.skipped += reports.reduce((sum, report) => sum + report.skipped, 0);
      if (counts.steps % 20 === 0) made += await takeAway(first, schedules);
      options.onStep?.(counts.fired);
    }
    made += await takeAway(first, schedules);
    if (made !== counts.fired)
      throw new Error(`${counts.fired} slots were fired, ${made} promises made`);
    const slotsChecked = await check(first, schedules);
    return { ...counts, slotsChecked };
  } finally {
    await Promise.all(databases.map((database) => database.close()));
  }
}

async function makeSchedules(
  database: Database,
  count: number,
  pick: <T>(items: readonly T[]) => T,
  time: { now: number },
): Promise<Schedule[]> {
  const maker = new Schedules(database, { clock: () => time.now });
  const made: Schedule[] = [];
  for (let n = 0; n < count; n += 1) {
    const when =
      n % 3 === 0
        ? { every: pick(['1s', '7s', '90s', '10m', '1h']) }
        : { cron: pick(CRONS), timezone: pick(ZONES) };
    const promise = { type: `t${n % 5}`, payload: n };
    const isEachSecond = Object.values(when).some((one) => one === '1s' || one === '* * * * * *');
    // What comes once a day must be able to come.
    const hours = 'every' in when ? 3 : 30;
    const rules = {
      missed: pick(MISSED),
      // Of those that fire each second nearly all would be left out.
      overlap: isEachSecond ? 'allow' : pick(OVERLAPS),
      ...(n % 4 === 1 && { jitter: '90s' }),
      ...(n % 5 === 2 && { startAt: isoOf(START + HOUR), endAt: isoOf(START + hours * HOUR) }),
    };
    made.push(await maker.create(newSchedule.parse({ name: `s${n}`, ...when, promise, ...rules })));
  }
  return made;
}

/** Mostly seconds to minutes; now and then nobody is there for hours, or the clock is put right. */
function letTimePass(
  time: { now: number },
  random: () => number,
  counts: { jumpsBack: number; jumpsForward: number },
): void {
  const dice = random();
  if (dice < 0.04) {
    counts.jumpsBack += 1;
    time.now -= Math.floor(random() * 2 * HOUR);
  } else if (dice < 0.1) {
    counts.jumpsForward += 1;
    time.now += Math.floor(random() * (dice < 0.045 ? 8 * HOUR : 20 * MINUTE));
  } else {
    time.now += Math.floor(random() * 2 * MINUTE);
  }
}

const isoOf = (ms: number) => new Date(ms).toISOString();

/**
 * Counts the promises that were made, and takes them away: a million would only cost time.
 * Nobody ran them: of each schedule there are no more than its overlap allows.
 */
async function takeAway(database: Database, schedules: readonly Schedule[]): Promise<number> {
  const [counted] = await database.write([
    {
      sql: `SELECT metadata ->> 'schedule' AS name, count(*) AS made, sum(settled_at IS NULL) AS open
        FROM promises GROUP BY 1`,
    },
    { sql: 'DELETE FROM promises' },
    { sql: 'DELETE FROM dependencies' },
    { sql: 'DELETE FROM lines' },
  ]);
  const rows = counted?.rows ?? [];
  const overlaps = new Map(schedules.map(({ name, settings }) => [name, settings.overlap]));
  for (const { name, made, open } of rows) {
    const overlap = overlaps.get(String(name)) ?? 'allow';
    const most = OPEN_MAX[overlap];
    if (most === undefined || (Number(made) <= most.made && Number(open) <= most.open)) continue;
    throw new Error(`${name}: ${made} promises were made and ${open} are open with ${overlap}`);
  }
  return rows.reduce((sum, { made }) => sum + Number(made), 0);
}

async function check(database: Database, schedules: readonly Schedule[]): Promise<number> {
  const maker = new Schedules(database);
  let checked = 0;
  for (const { name } of schedules) {
    const schedule = await maker.get(name);
    checked += checkSchedule(schedule, await ledgerOf(database, schedule.id));
  }
  return checked;
}

type Ledger = ReadonlyMap<'fired' | 'skipped', readonly Row[]>;

async function ledgerOf(database: Database, id: string): Promise<Ledger> {
  const sql = `SELECT slot_at, last_slot_at, promise_id, slots, token, recorded_at, reason FROM occurrences
    WHERE schedule_id = ?1 AND kind = ?2 ORDER BY slot_at`;
  const kinds = ['fired', 'skipped'] as const;
  const results = await database.read(kinds.map((kind) => ({ sql, args: [id, kind] })));
  return new Map(kinds.map((kind, index) => [kind, results[index]?.rows ?? []]));
}

/** Every slot up to the schedule's next one is in the ledger once, and nothing else is. */
function checkSchedule(schedule: Schedule, ledger: Ledger): number {
  const fired = ledger.get('fired') ?? [];
  const skipped = ledger.get('skipped') ?? [];
  const end = schedule.nextSlotAt ?? Number.MAX_SAFE_INTEGER;
  const wrong = (slotAt: number, what: string) =>
    new Error(
      `${schedule.name} (${JSON.stringify(schedule.settings)}): ${new Date(slotAt).toISOString()} ${what}`,
    );
  const firedAt = new Set(fired.map((row) => Number(row.slot_at)));
  if (new Set(fired.map((row) => row.promise_id)).size !== fired.length) {
    throw wrong(end, 'some promise stands for two slots');
  }
  let slots = 0;
  let at = 0;
  for (const slotAt of slotsOf(schedule)) {
    if (slotAt >= end) break;
    slots += 1;
    while (at < skipped.length && Number(skipped[at]?.last_slot_at) < slotAt) at += 1;
    const isSkipped = at < skipped.length && Number(skipped[at]?.slot_at) <= slotAt;
    if (!firedAt.delete(slotAt) && !isSkipped) throw wrong(slotAt, 'is nowhere in the ledger');
  }
  for (const slotAt of firedAt) {
    if (slotAt < end) throw wrong(slotAt, 'was fired, and is no slot');
  }
  checkPolicy(schedule, fired, skipped, wrong);
  return slots;
}

/** What was skipped was late; what was late and fired, the policy allows. */
function checkPolicy(
  { settings }: Schedule,
  fired: readonly Row[],
  skipped: readonly Row[],
  wrong: (slotAt: number, what: string) => Error,
): void {
  const { policy, graceMs, windowMs, cap } = settings.missed;
  const lateness = (row: Row) => Number(row.recorded_at) - Number(row.slot_at);
  for (const row of skipped) {
    if (row.reason !== 'missed') {
      if (row.reason === LEFT_OUT[settings.overlap]) continue;
      throw wrong(Number(row.slot_at), `was left out: ${row.reason}`);
    }
    if (Number(row.recorded_at) - Number(row.last_slot_at) <= graceMs) {
      throw wrong(Number(row.last_slot_at), 'was skipped though it was on time');
    }
  }
  const late = fired.filter((row) => lateness(row) > graceMs);
  const byWrite = new Map<unknown, Row[]>();
  for (const row of late) byWrite.set(row.token, [...(byWrite.get(row.token) ?? []), row]);
  for (const rows of byWrite.values()) {
    const first = rows[0] as Row;
    if (policy === 'skip') throw wrong(Number(first.slot_at), 'was fired though it was late');
    if (rows.length > (policy === 'latest' ? 1 : cap)) {
      throw wrong(Number(first.slot_at), 'was one of too many late ones');
    }
    if (policy === 'all' && lateness(first) > windowMs) {
      throw wrong(Number(first.slot_at), 'was fired though it was outside the window');
    }
  }
}

/** By croner, or by arithmetic: not by what fired them. */
function* slotsOf(schedule: Schedule): Generator<number> {
  const { startAt, endAt } = schedule.settings;
  for (const at of unboundedSlotsOf(schedule)) {
    if (endAt !== null && at >= endAt) return;
    if (startAt === null || at >= startAt) yield at;
  }
}

function* unboundedSlotsOf({ settings, createdAt }: Schedule): Generator<number> {
  if ('everyMs' in settings) {
    const first = settings.startAt === null ? settings.everyMs : 0;
    for (let at = settings.anchorAt + first; ; at += settings.everyMs) yield at;
  }
  const cron = new Cron(settings.cron, {
    ...(settings.timezone === 'UTC' ? { utcOffset: 0 } : { timezone: settings.timezone }),
    mode: '5-or-6-parts',
    fixedTimeRule: 'no-wildcard',
  });
  let at = cron.nextRun(new Date(createdAt - SECOND));
  while (at !== null) {
    yield at.getTime();
    at = cron.nextRun(at);
  }
}

/** A small generator with a seed. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value ^= value + Math.imul(value ^ (value >>> 7), 61 | value);
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}
