import { HoldfastError, newId } from '../../core/index.js';
import { type Database, NOW, type Row, type SqlClock } from '../../db/index.js';
import { cancelOperation } from '../cancel.js';
import { LIMITS } from '../limits.js';
import { type Operation, perform } from '../operation.js';
import { jsonOf, numberOf, textOf } from '../row.js';
import { localName } from '../scope.js';
import { SETTLED, sqlList } from '../states.js';
import { makePromises } from './make.js';
import { type Plan, planDue } from './plan.js';
import { SCHEDULE_COLUMNS, scheduleOf } from './row.js';
import { FIRINGS_MAX, QUEUED_MAX, type Schedule } from './schedule.js';

/** What one call of `fireDue` did. */
export interface FireReport {
  readonly fired: readonly {
    readonly schedule: string;
    readonly slotAt: number;
    readonly promiseId: string;
  }[];
  /** Promises that were cancelled for the next run of their schedule. */
  readonly cancelled: readonly string[];
  /** Slots that made no promise; the occurrences tell why. */
  readonly skipped: number;
  /** True when something is due still: others were faster again and again, or there is more than one call does. */
  readonly more: boolean;
}

/** Schedules that one round looks at. */
const SCHEDULES_MAX = 50;
/** Rounds of one call. */
const ROUNDS_MAX = 20;
/** Rounds lost to other instances before each schedule goes alone, so that none can hold up the others. */
const CONFLICTS_TOGETHER_MAX = 2;
/** Text of templates in one write: the set adds about as much again. */
const WRITE_LENGTH_MAX = LIMITS.setLengthMax / 2;

const SELECT_DUE = `
SELECT ${SCHEDULE_COLUMNS}, ${NOW} AS now
FROM schedules INDEXED BY schedules_due
WHERE paused_at IS NULL AND next_slot_at IS NOT NULL AND next_slot_at <= ${NOW}
ORDER BY next_slot_at LIMIT ${SCHEDULES_MAX}`;

const openOf = (kind: 'fired' | 'manual') => `
SELECT * FROM (
  SELECT promise_id, slot_at FROM occurrences
  WHERE schedule_id = asked.value ->> 0 AND kind = '${kind}'
  ORDER BY slot_at DESC LIMIT ${QUEUED_MAX}
)`;

/** Of each schedule in `?1`, [id, next slot]: its open promises, and slots ahead that were fired already. */
const SELECT_FACTS = `
SELECT asked.value ->> 0 AS id, (
  SELECT json_group_array(promise_id) FROM (
    SELECT o.promise_id FROM (${openOf('fired')} UNION ALL ${openOf('manual')}) o
    CROSS JOIN promises p ON p.id = o.promise_id
    WHERE p.status NOT IN (${sqlList(SETTLED)}) ORDER BY o.slot_at
  )
) AS open, (
  SELECT json_group_array(slot_at) FROM (
    SELECT slot_at FROM occurrences
    WHERE schedule_id = asked.value ->> 0 AND kind = 'fired' AND slot_at >= asked.value ->> 1
    ORDER BY slot_at LIMIT ${2 * FIRINGS_MAX}
  )
) AS fired
FROM json_each(?1) asked`;

/**
 * The schedule as it was when the plan was made, `[name, id, revision, next slot]`.
 * Else it is NULL, which the ledger refuses, and with it the whole write.
 */
const AS_PLANNED = `(
  SELECT s.id FROM schedules s
  WHERE s.name = o.value ->> 0 AND s.id = o.value ->> 1 AND s.revision = o.value ->> 2
    AND s.next_slot_at = o.value ->> 3 AND s.paused_at IS NULL
)`;

/** First in its write. A slot that was fired before fails it, and nothing of it is kept. */
const RECORD_FIRED = `
INSERT INTO occurrences (schedule_id, kind, slot_at, promise_id, last_slot_at, token, recorded_at)
SELECT ${AS_PLANNED}, 'fired', o.value ->> 4, o.value ->> 5, o.value ->> 4, ?3, ${NOW}
FROM json_each(?2) o`;

const RECORD_SKIPPED = `
INSERT INTO occurrences
  (schedule_id, kind, slot_at, reason, last_slot_at, slots, token, recorded_at)
SELECT ${AS_PLANNED}, 'skipped', o.value ->> 4, o.value ->> 5, o.value ->> 6, o.value ->> 7, ?3, ${NOW}
FROM json_each(?2) o WHERE true
ON CONFLICT DO NOTHING`;

const ADVANCE = `
UPDATE schedules SET next_slot_at = o.value ->> 4 FROM json_each(?1) o
WHERE schedules.name = o.value ->> 0 AND schedules.id = o.value ->> 1
  AND schedules.revision = o.value ->> 2 AND schedules.next_slot_at = o.value ->> 3`;

const SELECT_TOKEN = `
SELECT 1 FROM occurrences WHERE schedule_id = ?1 AND kind = ?2 AND slot_at = ?3 AND token = ?4`;

interface Planned {
  readonly schedule: Schedule;
  readonly plan: Plan;
}

/**
 * Fires every slot that is due, of every schedule. Any number of instances may do so at
 * once: the ledger takes each slot once, and whoever is late keeps nothing of its write.
 */
export async function fireDue(database: Database, clock: SqlClock): Promise<FireReport> {
  const fired: FireReport['fired'][number][] = [];
  const cancelled: string[] = [];
  let skipped = 0;
  let conflicts = 0;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const planned = await planRound(database, clock);
    if (planned.length === 0) return { fired, cancelled, skipped, more: false };
    for (const group of groupsOf(planned, conflicts > CONFLICTS_TOGETHER_MAX)) {
      if (!(await fireGroup(database, clock, group))) {
        conflicts += 1;
        continue;
      }
      for (const { schedule, plan } of group) {
        skipped += plan.skip.reduce((sum, one) => sum + one.slots, 0);
        cancelled.push(...plan.cancel);
        fired.push(
          ...plan.fire.map(({ slotAt, promiseId }) => ({
            schedule: schedule.name,
            slotAt,
            promiseId,
          })),
        );
      }
    }
  }
  return { fired, cancelled, skipped, more: true };
}

async function planRound(database: Database, clock: SqlClock): Promise<Planned[]> {
  const options = { label: 'schedules.due' };
  const [due] = await database.read([{ sql: SELECT_DUE, args: [clock()] }], options);
  const rows = due?.rows ?? [];
  if (rows.length === 0) return [];
  const schedules = rows.map(scheduleOf);
  const byId = await factsOf(database, schedules);
  return schedules.map((schedule, at) => ({
    schedule,
    plan: planOf(schedule, numberOf(rows[at] ?? {}, 'now'), byId.get(schedule.id)),
  }));
}

/** A schedule's promises that are not settled, oldest first. */
export async function openPromises(database: Database, schedule: Schedule): Promise<string[]> {
  const facts = (await factsOf(database, [schedule])).get(schedule.id);
  return facts === undefined ? [] : jsonOf<string[]>(facts, 'open');
}

async function factsOf(
  database: Database,
  schedules: readonly Schedule[],
): Promise<Map<string, Row>> {
  const asked = JSON.stringify(schedules.map(({ id, nextSlotAt }) => [id, nextSlotAt]));
  const [facts] = await database.read([{ sql: SELECT_FACTS, args: [asked] }], {
    label: 'schedules.due',
  });
  return new Map((facts?.rows ?? []).map((row) => [textOf(row, 'id'), row]));
}

function planOf(schedule: Schedule, now: number, facts: Row | undefined): Plan {
  return planDue(schedule, {
    now,
    open: facts === undefined ? [] : jsonOf<string[]>(facts, 'open'),
    fired: new Set(facts === undefined ? [] : jsonOf<number[]>(facts, 'fired')),
    firingsMax: firingsMax(schedule),
    makeId: newId,
  });
}

/** How many promises of a schedule fit into one write. */
export function firingsMax(schedule: Schedule): number {
  const length = JSON.stringify(schedule.promise).length + 200;
  return Math.max(1, Math.min(FIRINGS_MAX, Math.floor(WRITE_LENGTH_MAX / length)));
}

/** Plans that go into one write together. */
function groupsOf(planned: readonly Planned[], alone: boolean): Planned[][] {
  const groups: Planned[][] = [];
  let room = 0;
  for (const one of planned) {
    const share = one.plan.fire.length / firingsMax(one.schedule);
    if (alone || share > room || groups.length === 0) {
      groups.push([]);
      room = 1;
    }
    groups.at(-1)?.push(one);
    room -= share;
  }
  return groups;
}

/** False when another instance was faster, or a schedule has changed: nothing was done. */
async function fireGroup(
  database: Database,
  clock: SqlClock,
  group: readonly Planned[],
): Promise<boolean> {
  const token = newId();
  const slots = group.flatMap(({ schedule, plan }) =>
    plan.fire.map((firing) => ({ schedule, firing })),
  );
  const cancels = group.flatMap(({ schedule, plan }) =>
    plan.cancel.map((id) =>
      cancelOperation(id, `the next run of ${localName(schedule.name)} is due`, clock),
    ),
  );
  try {
    await perform(database, 'schedules.fire', [
      recordOperation(group, token, clock),
      ...cancels,
      makePromises(slots, clock),
    ]);
    return true;
  } catch (error) {
    if (!(error instanceof HoldfastError && error.code === 'constraint-violated')) throw error;
    // The write may be our own, sent a second time after its answer was lost.
    return isRecorded(database, group, token);
  }
}

function recordOperation(
  group: readonly Planned[],
  token: string,
  clock: SqlClock,
): Operation<void> {
  const rows = <T>(of: (planned: Planned) => readonly T[][]) =>
    JSON.stringify(group.flatMap((one) => of(one).map((row) => [...asPlanned(one), ...row])));
  const fired = rows(({ plan }) => plan.fire.map((one) => [one.slotAt, one.promiseId]));
  const skipped = rows(({ plan }) =>
    plan.skip.map((one) => [one.slotAt, one.reason, one.lastSlotAt, one.slots]),
  );
  const next = rows(({ plan }) => [[plan.nextSlotAt]]);
  return {
    statements: [
      { sql: RECORD_FIRED, args: [clock(), fired, token] },
      { sql: RECORD_SKIPPED, args: [clock(), skipped, token] },
      { sql: ADVANCE, args: [next] },
    ],
    read: () => undefined,
  };
}

function asPlanned({ schedule }: Planned) {
  return [schedule.name, schedule.id, schedule.revision, schedule.nextSlotAt];
}

async function isRecorded(
  database: Database,
  group: readonly Planned[],
  token: string,
): Promise<boolean> {
  const rowsOf = (kind: 'fire' | 'skip') =>
    group.flatMap(({ schedule: { id }, plan }) =>
      plan[kind].map(({ slotAt }) => [id, kind === 'fire' ? 'fired' : 'skipped', slotAt] as const),
    );
  const [first] = [...rowsOf('fire'), ...rowsOf('skip')];
  if (first === undefined) return false;
  const [found] = await database.read([{ sql: SELECT_TOKEN, args: [...first, token] }], {
    label: 'schedules.fire',
  });
  return (found?.rows.length ?? 0) > 0;
}
