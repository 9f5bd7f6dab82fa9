import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../../src/core/index.js';
import { lostOf } from '../sound.js';
import type { Databases } from './databases.js';
import { type Line, openLine, prepare } from './line.js';
import { hasMet, type Meeting, type Met } from './meeting.js';
import type { NetFault } from './network.js';
import type { Subject } from './operations/index.js';
import { lateIn, wrongWith } from './verdict.js';

/** No operation makes so many calls. */
const RESOLVED_MS_MAX = 20_000;
const TRIES_MAX = 5;
/** What is late this often is late. */
const LATE_TIMES_MAX = 3;
/** Service that is not back by then will not be. */
const GIVEN_UP_MS = 5_000;
/** Many lines look at once: they must not be what a machine is busy with. */
const LOOK_EVERY_MS = 100;
/** A write past the fault takes so long at most, unless the server keeps it back. */
const DIRECT_MS_MAX = 2_000;
/**
 * A server may let writes wait, whoever asks, also past the network: then the rest is met on another database.
 * What is not well again on the last one is a fault.
 */
const LINES_MAX = 4;

export interface Cell extends Met {
  readonly wrong: readonly string[];
  readonly late: readonly string[];
}

/** Lets operations meet one fault, and looks how soon all is well again after each. */
export async function underFault(
  databases: Databases,
  fault: NetFault,
  meetings: readonly Meeting[],
): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (let lines = 0; cells.length < meetings.length && lines < LINES_MAX; lines += 1) {
    const isLast = lines === LINES_MAX - 1;
    cells.push(...(await inLine(databases, fault, meetings.slice(cells.length), isLast)));
    const next = meetings[cells.length];
    if (next !== undefined && !isLast)
      console.error(`${next.operation} under ${fault}: no service, begun anew elsewhere`);
  }
  return cells;
}

/** As many as meet the fault before the server lets no write through. */
async function inLine(
  databases: Databases,
  fault: NetFault,
  meetings: readonly Meeting[],
  isLast: boolean,
): Promise<Cell[]> {
  const line = await openLine(databases, { isHurried: true });
  try {
    // The first call of a process takes long for reasons of its own.
    await healed(line.subject);
    const cells = await meetAll(line, fault, meetings, isLast);
    const lost = await lostOf(line.subject.direct, line.subject.made);
    return cells.map((cell, at) =>
      at < cells.length - 1 ? cell : { ...cell, wrong: [...cell.wrong, ...lost] },
    );
  } finally {
    await line.close();
  }
}

async function meetAll(
  line: Line,
  fault: NetFault,
  meetings: readonly Meeting[],
  isLast: boolean,
): Promise<Cell[]> {
  const cells: Cell[] = [];
  try {
    for (const meeting of meetings) {
      const met = await meet(line, fault, meeting);
      if (met.healedMs === Number.POSITIVE_INFINITY && (!isLast || (await isStuck(line)))) break;
      cells.push({ ...met, wrong: wrongWith(met), late: lateIn(met) });
    }
  } catch (error) {
    // What is prepared goes past the fault.
    if (!(await isStuck(line))) throw error;
  }
  return cells;
}

/** Whether a write that no fault is in the way of does not come through in time either. */
async function isStuck({ subject }: Line): Promise<boolean> {
  const nothing = { sql: "DELETE FROM scratch WHERE id = 'nobody'" };
  return await subject.direct
    .write([nothing], { deadlineMs: DIRECT_MS_MAX, label: 'net.stuck' })
    .then(
      () => false,
      () => true,
    );
}

/**
 * On a busy machine a read before the write may be too late by itself, and then it met no fault yet; and what
 * comes late by itself comes in time the next time. What is wrong is wrong at once.
 */
async function meet(line: Line, fault: NetFault, meeting: Meeting): Promise<Met> {
  for (let tries = 1; ; tries += 1) {
    const met = await meetOnce(line, fault, meeting);
    if (tries === TRIES_MAX) return met;
    if (!hasMet(met) && met.outcome !== 'done') continue;
    const isLate = lateIn(met).length > 0 && Number.isFinite(met.healedMs);
    if (!isLate || wrongWith(met).length > 0 || tries >= LATE_TIMES_MAX) return met;
  }
}

async function meetOnce(line: Line, fault: NetFault, meeting: Meeting): Promise<Met> {
  const { network, database, subject } = line;
  const { call, shows } = await prepare(line, meeting.operation);
  const begin = () => network.fail(fault);
  if (meeting.from === 'call') await begin();
  database.watch(meeting.from === 'write' ? begin : undefined);
  const startedAt = performance.now();
  const outcome = await Promise.race([
    call().then(() => 'done', codeOf),
    sleep(RESOLVED_MS_MAX, 'unresolved', { ref: false }),
  ]);
  const operationMs = Math.round(performance.now() - startedAt);
  const { calls, longestMs } = database;
  await network.heal();
  const healedMs = await healed(subject);
  return {
    ...meeting,
    fault,
    outcome,
    calls,
    shows: await shows?.(),
    callMs: Math.round(longestMs),
    operationMs,
    healedMs,
  };
}

/** An error that is not ours begins with `!`. */
function codeOf(error: unknown): string {
  return error instanceof HoldfastError ? error.code : `!${String(error)}`;
}

/** How long it takes until a read and a write succeed, in milliseconds. */
async function healed({ store, type }: Subject): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    try {
      await store.queues.set(type, { paused: false });
      return Math.round(performance.now() - startedAt);
    } catch {
      if (performance.now() - startedAt > GIVEN_UP_MS) return Number.POSITIVE_INFINITY;
      await sleep(LOOK_EVERY_MS);
    }
  }
}
