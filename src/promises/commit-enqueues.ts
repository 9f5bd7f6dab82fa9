import type { Database, SqlClock } from '../db/index.js';
import { startOperation } from './advance.js';
import { noteMade, takeTickets } from './answers.js';
import {
  type Enqueued,
  enqueueOperation,
  type Known,
  mayWait,
  type PreparedEnqueue,
  selectMade,
} from './enqueue.js';
import { perform } from './operation.js';

/** What a write made of a set. */
export interface CommittedEnqueues {
  /** In the order of the set; undefined for one whose key became free after the write. */
  readonly outcomes: readonly (Enqueued | undefined)[];
  readonly hasMade: boolean;
}

const LABEL = 'promises.enqueue';

/** Makes a set of promises in one write. What was known before is read after it. */
export async function commitEnqueues(
  database: Database,
  clock: SqlClock,
  set: readonly PreparedEnqueue[],
  deadlineMs: number,
): Promise<CommittedEnqueues> {
  const waiting = set.filter((one) => mayWait(one.input));
  const tickets = set.flatMap(({ ticket }) => ticket ?? []);
  const starting = waiting.map((one) => one.input.id);
  const [, made, , started] = await perform(
    database,
    LABEL,
    [
      takeTickets(tickets, clock),
      enqueueOperation(set, clock),
      startOperation(starting, clock),
      selectMade(waiting),
      // After all that may let a promise begin.
      noteMade(tickets),
    ],
    { deadlineMs },
  );
  const rest = made.size === set.length ? [] : set.filter((one) => !made.has(one.input.id));
  const known = rest.length === 0 ? [] : await readMade(database, rest);
  // What was read is newer than what was made.
  const read = new Map([...started, ...known].map(({ promise }) => [promise.id, promise]));
  const outcomes = set.map((one): Enqueued | undefined => {
    const promise = read.get(one.input.id) ?? made.get(one.input.id);
    if (promise !== undefined) return { promise, deduplicated: false };
    const twin = known.find((each) => isTwin(each, one))?.promise;
    return twin && { promise: twin, deduplicated: true };
  });
  return { outcomes, hasMade: made.size > 0 };
}

async function readMade(database: Database, set: readonly PreparedEnqueue[]): Promise<Known[]> {
  const asked = selectMade(set);
  return asked.read(await database.read(asked.statements, { label: LABEL }));
}

function isTwin(known: Known, { input, uniqueKey }: PreparedEnqueue): boolean {
  return known.uniqueKey === uniqueKey && known.promise.type === input.type;
}
