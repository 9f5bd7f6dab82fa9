import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../../src/core/index.js';
import {
  type Database,
  openDatabase,
  type Statement,
  type WriteOptions,
} from '../../src/db/index.js';
import { PromiseStore, Schedules } from '../../src/promises/index.js';
import { FaultyDatabase } from '../../src/testing/index.js';
import { type NetFault, Network } from './network.js';
import { OPERATIONS, type Subject } from './operations/index.js';

/** The longest that one call of the database may take, in milliseconds. */
const DEADLINE_MS = 700;
/** How much later it may answer. */
const GRACE_MS = 250;
const REQUEST_TIMEOUT_MS = 300;
/** Full service is back by then. */
const HEALED_MS_MAX = 2_000;
/** No operation makes so many calls. */
const RESOLVED_MS_MAX = 20_000;

export interface Cell {
  readonly operation: string;
  readonly fault: NetFault;
  /** `done`, or the code of the error. */
  readonly outcome: string;
  /** Of the longest call of the database under the fault. */
  readonly callMs: number;
  readonly healedMs: number;
  /** What is wrong, if anything. */
  readonly wrong: string | undefined;
}

/** How long its longest call took. */
class TimedDatabase extends FaultyDatabase {
  longestMs = 0;

  override read(statements: readonly Statement[], options?: WriteOptions) {
    return this.#timed(super.read(statements, options));
  }

  override write(statements: readonly Statement[], options?: WriteOptions) {
    return this.#timed(super.write(statements, options));
  }

  async #timed<T>(call: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      return await call;
    } finally {
      this.longestMs = Math.max(this.longestMs, performance.now() - startedAt);
    }
  }
}

/** Does every operation under one fault, and looks how soon all is well again after each. */
export async function underFault(
  url: string,
  fault: NetFault,
  operations: readonly string[] = Object.keys(OPERATIONS),
): Promise<Cell[]> {
  const network = await Network.start(url);
  const settings = { busyDeadlineMs: DEADLINE_MS };
  const open = (at: string) =>
    openDatabase({
      name: 'queue',
      url: at,
      profile: 'queue',
      settings,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
  const database = new TimedDatabase(await open(network.url));
  const direct = await openDatabase({ name: 'queue', url, profile: 'queue' });
  const subject: Subject = {
    store: new PromiseStore(database, { deadlineMs: DEADLINE_MS }),
    schedules: new Schedules(database),
    type: `net-${fault}`,
    aside: { store: new PromiseStore(direct), schedules: new Schedules(direct) },
    made: new Set(),
  };
  try {
    // The first call of a process takes long for reasons of its own.
    await healed(subject);
    const cells: Cell[] = [];
    for (const name of operations)
      cells.push(await cell({ name, fault, network, database, subject }));
    const lost = await lostOf(direct, subject.made);
    const last = cells.at(-1);
    return lost.length === 0 || last === undefined
      ? cells
      : [
          ...cells,
          { ...last, operation: 'afterwards', wrong: `${lost.length} acknowledged and not there` },
        ];
  } finally {
    await Promise.all([database.close(), direct.close(), network.stop()]);
  }
}

async function cell(parts: {
  readonly name: string;
  readonly fault: NetFault;
  readonly network: Network;
  readonly database: TimedDatabase;
  readonly subject: Subject;
}): Promise<Cell> {
  const { name, fault, network, database, subject } = parts;
  const run = await OPERATIONS[name]?.(subject);
  if (run === undefined) throw new RangeError(`no operation ${name}`);
  await network.fail(fault);
  database.longestMs = 0;
  const outcome = await Promise.race([
    run().then(() => 'done', codeOf),
    sleep(RESOLVED_MS_MAX, 'unresolved', { ref: false }),
  ]);
  const callMs = Math.round(database.longestMs);
  await network.heal();
  const healedMs = await healed(subject);
  const wrong = [
    ...(outcome === 'unresolved' || outcome.startsWith('!') ? [`it ended with ${outcome}`] : []),
    ...(callMs > DEADLINE_MS + GRACE_MS ? [`a call took ${callMs} ms`] : []),
    ...(healedMs > HEALED_MS_MAX ? [`no service for ${healedMs} ms after healing`] : []),
  ].join('; ');
  return {
    operation: name,
    fault,
    outcome,
    callMs,
    healedMs,
    wrong: wrong === '' ? undefined : wrong,
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
      await store.queues.set(type, { concurrency: 1_000 });
      return Math.round(performance.now() - startedAt);
    } catch {
      if (performance.now() - startedAt > 10 * HEALED_MS_MAX) return Number.POSITIVE_INFINITY;
      await sleep(20);
    }
  }
}

async function lostOf(database: Database, made: ReadonlySet<string>): Promise<unknown[]> {
  const sql = 'SELECT value FROM json_each(?1) WHERE value NOT IN (SELECT id FROM promises)';
  const [found] = await database.read([{ sql, args: [JSON.stringify([...made])] }]);
  return [...(found?.rows ?? [])];
}
