import type { Database, Row, Statement } from '../db/index.js';
import type { Operation } from './operation.js';
import { numberOf, textOf } from './row.js';
import { SETTLED } from './states.js';

/**
 * The promises of a slice, `?1` as seqs, by line and status, and what of them may have
 * rows in other tables: most have none, and are not looked for there.
 */
const GOING = `
json_group_array(id) AS ids, json_group_array(seq) AS seqs,
  json_group_array(id) FILTER (
    WHERE payload IS NULL OR result IS NULL OR state IS NOT NULL OR fence > 1
  ) AS bodied,
  json_group_array(id) FILTER (WHERE status = 'failed' OR fence > 1) AS troubled,
  json_group_array(id) FILTER (WHERE on_parent_failure IS NOT NULL) AS children`;

const SELECT_GOING = `
SELECT queue, type, status, ${GOING}
FROM promises
WHERE seq IN (SELECT value FROM json_each(?1)) AND settled_at IS NOT NULL
GROUP BY queue, type, status`;

/**
 * A slice is mostly of promises that were made one after the other, alike: those are read
 * once as the range `?1` to `?2`, and in one group.
 */
const SELECT_GOING_ALIKE = `
SELECT min(queue) AS queue, min(type) AS type, min(status) AS status, ${GOING},
  min(seq) AS first_seq, max(seq) AS last_seq, max(id) AS last_id, max(settled_at) AS settled_at,
  min(queue) = max(queue) AND min(type) = max(type) AND min(status) = max(status) AS is_alike
FROM promises WHERE seq BETWEEN ?1 AND ?2 AND settled_at IS NOT NULL`;

/** Tables of which a promise does not tell whether it has rows there. */
const UNTOLD = ['callbacks', 'origins', 'recoveries', 'sends'] as const;

const SELECT_FILLED = `
SELECT ${['tags', ...UNTOLD].map((table) => `EXISTS (SELECT 1 FROM ${table}) AS ${table}`).join(', ')}`;

/** Promises that retention deletes, and what else is theirs. */
interface Going {
  /** By line and status. */
  readonly groups: readonly Row[];
  /** Which of the untold tables have rows of anybody. */
  readonly filled: Row;
}

export async function readGoing(database: Database, seqs: string): Promise<Going> {
  if (seqs === '[]') return { groups: [], filled: {} };
  const range = rangeOf(JSON.parse(seqs) as number[]);
  const alike = range && (await read(database, { sql: SELECT_GOING_ALIKE, args: range }));
  if (alike?.groups[0]?.is_alike === 1) return alike;
  return read(database, { sql: SELECT_GOING, args: [seqs] });
}

async function read(database: Database, going: Statement): Promise<Going> {
  const [groups, filled] = await database.read([going, { sql: SELECT_FILLED }], {
    label: 'promises.prune',
  });
  return { groups: groups?.rows ?? [], filled: filled?.rows[0] ?? {} };
}

/** The first and the last, where there is no gap between them. */
function rangeOf(seqs: readonly number[]): [number, number] | undefined {
  const [first, last] = [Math.min(...seqs), Math.max(...seqs)];
  return last - first + 1 === seqs.length ? [first, last] : undefined;
}

/** By id: a seq may be another's when this is sent again. One that was retried in between stays. */
const DELETE_PROMISES = `
DELETE FROM promises WHERE id IN (SELECT value FROM json_each(?1)) AND status = +?2`;

/**
 * The same of a range. A promise that has one of its seqs by now is newer, and one that was
 * retried in between was settled later.
 */
const DELETE_RANGE = `
DELETE FROM promises
WHERE seq BETWEEN ?1 AND ?2 AND status = +?3 AND id <= ?4 AND settled_at <= ?5`;

function deleteStatement(group: Row): Statement {
  if (group.is_alike !== 1) {
    return { sql: DELETE_PROMISES, args: [textOf(group, 'ids'), textOf(group, 'status')] };
  }
  const range = [numberOf(group, 'first_seq'), numberOf(group, 'last_seq')];
  const latest = [textOf(group, 'last_id'), numberOf(group, 'settled_at')];
  return { sql: DELETE_RANGE, args: [...range, textOf(group, 'status'), ...latest] };
}

const SELECT_GONE = 'SELECT changes() AS gone';

const uncount = (status: string) =>
  `UPDATE lines SET ${status} = ${status} - changes() WHERE queue = ?1 AND type = ?2`;

const UNCOUNT = Object.fromEntries(SETTLED.map((status) => [status, uncount(status)]));

/** What is left of promises that are gone. */
const deleteLeft = (table: string, column: 'promise_id' | 'child_id') => `
DELETE FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?1))
  AND NOT EXISTS (SELECT 1 FROM promises p WHERE p.id = ${table}.${column})`;

const DELETE_TAGS = `
DELETE FROM tags WHERE seq IN (SELECT value FROM json_each(?1))
  AND NOT EXISTS (SELECT 1 FROM promises p WHERE p.seq = tags.seq)`;

/** Deletes them with all that is theirs; answers how many. */
export function goOperation({ groups, filled }: Going): Operation<number> {
  return {
    statements: groups.flatMap((group) => [
      deleteStatement(group),
      { sql: SELECT_GONE },
      {
        sql: UNCOUNT[textOf(group, 'status')] ?? '',
        args: [textOf(group, 'queue'), textOf(group, 'type')],
      },
      ...leftStatements(group, filled),
    ]),
    read: (results) =>
      results.reduce((sum, { rows: [row] }) => {
        return row?.gone === undefined ? sum : sum + numberOf(row, 'gone');
      }, 0),
  };
}

function leftStatements(group: Row, filled: Row): Statement[] {
  const left: readonly (readonly [string, string])[] = [
    [deleteLeft('bodies', 'promise_id'), textOf(group, 'bodied')],
    [deleteLeft('failures', 'promise_id'), textOf(group, 'troubled')],
    [deleteLeft('dependencies', 'child_id'), textOf(group, 'children')],
    ...UNTOLD.map((table): readonly [string, string] => [
      deleteLeft(table, 'promise_id'),
      filled[table] === 1 ? textOf(group, 'ids') : '[]',
    ]),
    [DELETE_TAGS, filled.tags === 1 ? textOf(group, 'seqs') : '[]'],
  ];
  return left.filter(([, which]) => which !== '[]').map(([sql, which]) => ({ sql, args: [which] }));
}
