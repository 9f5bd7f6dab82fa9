import { HoldfastError, InputInvalidError, inputIssues, newId, parseInput } from '../core/index.js';
import type { Database, Row } from '../db/index.js';
import { type Enqueue, withId } from './enqueue.js';
import { LIMITS } from './limits.js';
import { type NewPromiseInput, newPromise } from './promise.js';
import type { PromiseStatements } from './promise-statements.js';
import { numberOf, textOf } from './row.js';
import type { PromiseStore } from './store.js';

const NOW_MS = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/** `promise` is JSON as `enqueue` takes it; `refused` is why the relay could not make it. */
const OUTBOX = `
CREATE TABLE IF NOT EXISTS holdfast_outbox (
  id TEXT NOT NULL PRIMARY KEY,
  promise TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  refused TEXT
) STRICT, WITHOUT ROWID`;

const OUTBOX_INDEX = `
CREATE INDEX IF NOT EXISTS holdfast_outbox_open ON holdfast_outbox (id)
WHERE refused IS NULL`;

/** The schema of an outbox, for the application's own migrations; running it again does nothing. */
export const outboxMigrations: readonly string[] = [OUTBOX, OUTBOX_INDEX];

const INSERT = `
INSERT INTO holdfast_outbox (id, promise, made_at) VALUES (?1, ?2, ${NOW_MS})
ON CONFLICT DO NOTHING`;

/**
 * The statements that put a promise into the outbox of the application's own database:
 * it commits with the rows beside it, and the relay makes it soon after.
 * @throws InputInvalidError naming the field
 */
export function outboxStatements(promise: NewPromiseInput): PromiseStatements {
  parseInput(newPromise, promise);
  const id = newId();
  return { id, statements: [{ sql: INSERT, args: [id, JSON.stringify(promise)] }] };
}

/** A slice, oldest first, as long as one write of the queue may be. */
const SELECT_OPEN = `
SELECT id, promise, age_ms FROM (
  SELECT id, promise, max(0, ${NOW_MS} - made_at) AS age_ms, length(promise) AS own,
    sum(length(promise)) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS total
  FROM (
    SELECT * FROM holdfast_outbox INDEXED BY holdfast_outbox_open
    WHERE refused IS NULL ORDER BY id LIMIT ${LIMITS.sliceMax}
  )
) WHERE total - own < ${LIMITS.setLengthMax}`;

const DELETE = 'DELETE FROM holdfast_outbox WHERE id IN (SELECT value FROM json_each(?1))';

/** `?1` is {id: error}. */
const REFUSE = `
UPDATE holdfast_outbox SET refused = given.value
FROM json_each(?1) given WHERE holdfast_outbox.id = given.key`;

/** What a relay did. */
export interface RelayReport {
  /** Promises that the outbox no longer holds. */
  relayed: number;
  /** Rows that make no promise; they stay, with the reason in `refused`. */
  refused: number;
}

/**
 * Makes the promises of an outbox, oldest first, until it is empty or `signal` aborts.
 * Each is made under the id of its row before the row is deleted: a relay that dies in
 * between is repeated without a second promise, and any number of them may run.
 */
export async function relayOutbox(
  application: Database,
  store: PromiseStore,
  signal?: AbortSignal,
): Promise<RelayReport> {
  const report = { relayed: 0, refused: 0 };
  while (signal?.aborted !== true) {
    const [open] = await application.read([{ sql: SELECT_OPEN }], { label: 'outbox.look' });
    const rows = open?.rows ?? [];
    if (rows.length === 0) break;
    const outcomes = await makeAll(rows, store);
    const made = outcomes.filter(({ error }) => error === undefined).map(({ id }) => id);
    const refused = outcomes.flatMap(({ id, error }) => (error ? [[id, reasonOf(error)]] : []));
    await application.write(
      [
        { sql: DELETE, args: [JSON.stringify(made)] },
        { sql: REFUSE, args: [JSON.stringify(Object.fromEntries(refused))] },
      ],
      { label: 'outbox.relayed', idempotent: true },
    );
    report.relayed += made.length;
    report.refused += refused.length;
  }
  return report;
}

interface Outcome {
  readonly id: string;
  readonly error?: HoldfastError;
}

async function makeAll(rows: readonly Row[], store: PromiseStore): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const promises: Enqueue[] = [];
  for (const row of rows) {
    const promise = promiseOf(row);
    if (promise instanceof HoldfastError) outcomes.push({ id: textOf(row, 'id'), error: promise });
    else promises.push(promise);
  }
  return [...outcomes, ...(await makeParsed(promises, store))];
}

/** One that is refused does not keep the others. */
async function makeParsed(promises: readonly Enqueue[], store: PromiseStore): Promise<Outcome[]> {
  try {
    if (promises.length > 0) await store.enqueue(promises);
    return promises.map(({ id }) => ({ id }));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const [first] = promises;
    if (first !== undefined && promises.length === 1) return [{ id: first.id, error }];
    const middle = Math.ceil(promises.length / 2);
    const older = await makeParsed(promises.slice(0, middle), store);
    return [...older, ...(await makeParsed(promises.slice(middle), store))];
  }
}

/** Weather is for the next relay; what would be refused again is set aside. */
function isRefusal(error: unknown): error is HoldfastError {
  return (
    error instanceof InputInvalidError ||
    (error instanceof HoldfastError && error.code === 'payload-too-large')
  );
}

/** A delay counts from when the row was made. */
function promiseOf(row: Row): Enqueue | HoldfastError {
  const given = parsed(textOf(row, 'promise'));
  const promise = newPromise.safeParse(given);
  if (!promise.success) return new InputInvalidError(inputIssues(promise.error, given));
  const { delay } = promise.data;
  const left = delay === undefined ? {} : { delay: Math.max(delay - numberOf(row, 'age_ms'), 0) };
  return withId({ ...promise.data, ...left }, textOf(row, 'id'));
}

/** A row may have been written by hand. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function reasonOf({ code, message }: HoldfastError): string {
  return JSON.stringify({ code, message });
}
