import type { Database } from '../src/db/index.js';
import { STATUSES } from '../src/promises/index.js';

const COUNTED = STATUSES.join(', ');
const REAL = STATUSES.map((status) => `sum(status = '${status}')`).join(', ');
/** A line that has nothing any more may stay, or go. */
const SOME = STATUSES.join(' + ');

const LINES = `SELECT queue, type, ${COUNTED} FROM lines WHERE ${SOME} > 0`;
const ROWS = `SELECT queue, type, ${REAL} FROM promises GROUP BY queue, type`;
const LANES = 'SELECT queue, lane, open FROM lanes WHERE open > 0';
const ADMITTED = `
  SELECT queue, lane, count(*) FROM promises
  WHERE lane IS NOT NULL AND status IN ('pending', 'in_progress') GROUP BY queue, lane`;

/** Each selects what must not be there, at whatever moment one looks. */
const FAULTS: Readonly<Record<string, string>> = {
  'a set left behind': 'SELECT id FROM scratch',
  'a body without its promise': `
    SELECT promise_id FROM bodies WHERE promise_id NOT IN (SELECT id FROM promises)`,
  'a line whose counters are not its rows': differ(LINES, ROWS, 'type'),
  'a lane that does not know how many are in it': differ(LANES, ADMITTED, 'lane'),
};

/** What is wrong with a database, whatever was done to it. */
export async function unsound(database: Database): Promise<string[]> {
  return [...(await found(database, FAULTS)), ...(await integrity(database))];
}

/** What such selects find, by their names. */
export async function found(
  database: Database,
  faults: Readonly<Record<string, string>>,
): Promise<string[]> {
  const names = Object.keys(faults);
  const results = await database.read(names.map((name) => ({ sql: faults[name] ?? '' })));
  return results.flatMap(({ rows }, at) =>
    rows.map((row) => `${Object.values(row)[0]}: ${names[at]}`),
  );
}

/** Promises that were acknowledged, and are not there. */
export async function lostOf(database: Database, ids: Iterable<string>): Promise<string[]> {
  const sql = 'SELECT value FROM json_each(?1) WHERE value NOT IN (SELECT id FROM promises)';
  const [found] = await database.read([{ sql, args: [JSON.stringify([...ids])] }]);
  return (found?.rows ?? []).map(({ value }) => `${value} was acknowledged and is not there`);
}

/** Selects what one of two has and the other has not, by its queue and `name`. */
function differ(one: string, other: string, name: string): string {
  const only = (first: string, second: string) =>
    `SELECT queue, ${name} FROM (SELECT * FROM (${first}) EXCEPT SELECT * FROM (${second}))`;
  return `SELECT DISTINCT queue || ' ' || ${name} FROM (${only(one, other)} UNION ALL ${only(other, one)})`;
}

/** A server answers it too. */
async function integrity(database: Database): Promise<string[]> {
  const [found] = await database.read([{ sql: 'PRAGMA integrity_check' }]);
  const said = String(Object.values(found?.rows[0] ?? {})[0]);
  return said === 'ok' ? [] : [`integrity_check: ${said}`];
}
