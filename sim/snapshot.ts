import type { Database } from '../src/db/index.js';
import { STATUSES, type Status } from '../src/promises/index.js';

/** A promise as it stands in the database. */
export interface PromiseRow {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly status: Status;
  readonly key: string | null;
  readonly lane: string | null;
  readonly waitsFor: string | null;
  readonly maxAttempts: number;
  readonly attempt: number;
  readonly crashes: number;
  readonly epoch: number;
  readonly fence: number;
  readonly claim: string | null;
  readonly leaseExpiresAt: number | null;
  readonly outcome: string | null;
  readonly outcomeFence: number | null;
  readonly settledAt: number | null;
  readonly metadata: string | null;
}

const COLUMNS = `
  id, type, queue, status, key, lane, waits_for, max_attempts, attempt, crashes, epoch, fence, claim,
  lease_expires_at, outcome, outcome_fence, settled_at, metadata`;

/** Of `values` as `COLUMNS` names them. A literal: the invariants read every row after every write. */
const rowOf = (values: readonly unknown[]) =>
  ({
    id: values[0],
    type: values[1],
    queue: values[2],
    status: values[3],
    key: values[4],
    lane: values[5],
    waitsFor: values[6],
    maxAttempts: values[7],
    attempt: values[8],
    crashes: values[9],
    epoch: values[10],
    fence: values[11],
    claim: values[12],
    leaseExpiresAt: values[13],
    outcome: values[14],
    outcomeFence: values[15],
    settledAt: values[16],
    metadata: values[17],
  }) as PromiseRow;

type Line = readonly [queue: string, type: string, ...counts: number[]];

/** All that the invariants look at. */
export interface Snapshot {
  readonly promises: ReadonlyMap<string, PromiseRow>;
  readonly lines: readonly Line[];
  readonly lanes: readonly (readonly [queue: string, lane: string, open: number])[];
  /** Tokens of claims. */
  readonly claims: ReadonlySet<string>;
  readonly dependencies: readonly (readonly [
    child: string,
    parent: string,
    outcome: string | null,
  ])[];
  /** Promises that slots of schedules have made. */
  readonly slots: readonly string[];
  /** Rows of sets that a write has left behind. */
  readonly scratch: number;
  /** The same, as the database gave it. */
  readonly text: string;
}

const listOf = (item: string, from: string) =>
  `json((SELECT json_group_array(${item}) FROM ${from}))`;
const rowsOf = (columns: string, from: string) => listOf(`json_array(${columns})`, from);

/** One text: a row at a time costs more to hand over than to parse. */
const SELECT = `
SELECT json_array(
  ${rowsOf(COLUMNS, `(SELECT ${COLUMNS} FROM promises ORDER BY seq)`)},
  ${rowsOf(`queue, type, ${STATUSES.join(', ')}`, 'lines')},
  ${rowsOf('queue, lane, open', 'lanes')},
  ${listOf('token', 'claims')},
  ${rowsOf('child_id, parent_id, outcome', 'dependencies')},
  ${listOf('promise_id', "occurrences WHERE kind <> 'skipped'")},
  (SELECT count(1) FROM scratch)
) AS text`;

/** The same object when nothing has changed. */
export async function takeSnapshot(database: Database, before: Snapshot): Promise<Snapshot> {
  const [found] = await database.read([{ sql: SELECT }]);
  const text = String(found?.rows[0]?.text);
  if (text === before.text) return before;
  const [promises, lines, lanes, claims, dependencies, slots, scratch] = JSON.parse(text);
  const rows = (promises as unknown[][]).map(rowOf);
  return {
    promises: new Map(rows.map((row) => [row.id, row])),
    lines,
    lanes,
    claims: new Set(claims),
    dependencies,
    slots,
    scratch,
    text,
  };
}

export const EMPTY: Snapshot = {
  promises: new Map(),
  lines: [],
  lanes: [],
  claims: new Set(),
  dependencies: [],
  slots: [],
  scratch: 0,
  text: '',
};
