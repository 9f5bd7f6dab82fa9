import type { Database, Row, Statement } from '../db/index.js';
import type { Operation } from './operation.js';
import { numberOf, textOf } from './row.js';
import { SETTLED } from './states.js';

/**
 * The promises of a slice, `?1` as seqs, by line and status, and what of them may have
 * rows in other tables: most have none, and are not looked for there.
 */
const SELECT_GOING = `
SELECT queue, type, status, json_group_array(id) AS ids, json_group_array(seq) AS seqs,
  json_group_array(id) FILTER (
    WHERE payload IS NULL OR result IS NULL OR state IS NOT NULL OR fence > 1
  ) AS bodied,
  json_group_array(id) FILTER (WHERE status = 'failed' OR fence > 1) AS troubled,
  json_group_array(id) FILTER (WHERE on_parent_failure IS NOT NULL) AS children
FROM promises
WHERE seq IN (SELECT value FROM json_each(?1)) AND settled_at IS NOT NULL
GROUP BY queue, type, status`;

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
  const [groups, filled] = await database.read(
    [{ sql: SELECT_GOING, args: [seqs] }, { sql: SELECT_FILLED }],
    { label: 'promises.prune' },
  );
  return { groups: groups?.rows ?? [], filled: filled?.rows[0] ?? {} };
}

/** By id: a seq may be another's when this is sent again. One that was retried in between stays. */
const DELETE_PROMISES = `
DELETE FROM promises WHERE id IN (SELECT value FROM json_each(?1)) AND status = ?2`;

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
      { sql: DELETE_PROMISES, args: [textOf(group, 'ids'), textOf(group, 'status')] },
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
