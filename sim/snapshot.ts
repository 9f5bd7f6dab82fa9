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

/** Of a promise, where it stands in a row of the database's answer. */
const COLUMNS: readonly (readonly [keyof PromiseRow, string])[] = [
  ['id', 'id'],
  ['type', 'type'],
  ['queue', 'queue'],
  ['status', 'status'],
  ['key', 'key'],
  ['lane', 'lane'],
  ['waitsFor', 'waits_for'],
  ['maxAttempts', 'max_attempts'],
  ['attempt', 'attempt'],
  ['crashes', 'crashes'],
  ['epoch', 'epoch'],
  ['fence', 'fence'],
  ['claim', 'claim'],
  ['leaseExpiresAt', 'lease_expires_at'],
  ['outcome', 'outcome'],
  ['outcomeFence', 'outcome_fence'],
  ['settledAt', 'settled_at'],
  ['metadata', 'metadata'],
];

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

const SELECTED = COLUMNS.map(([, column]) => column).join(', ');

/** One text: a row at a time costs more to hand over than to parse. Without a `*`, whose columns are looked up each time. */
const SELECT = `
SELECT json_array(
  ${rowsOf(SELECTED, `(SELECT ${SELECTED} FROM promises ORDER BY seq)`)},
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
  const rows = (promises as unknown[][]).map((values) =>
    Object.fromEntries(COLUMNS.map(([name], at) => [name, values[at]])),
  ) as unknown as PromiseRow[];
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
