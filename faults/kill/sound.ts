import type { Database } from '../../src/db/index.js';
import { STATUSES } from '../../src/promises/index.js';

const COUNTED = STATUSES.map((status) => `sum(${status}) AS ${status}`).join(', ');
const REAL = STATUSES.map((status) => `sum(status = '${status}') AS ${status}`).join(', ');

/** Each selects what must not be there, at whatever moment one looks. */
const FAULTS: Readonly<Record<string, string>> = {
  'a set left behind': 'SELECT id FROM scratch',
  'a body without its promise': `
    SELECT promise_id FROM bodies WHERE promise_id NOT IN (SELECT id FROM promises)`,
};

/** What is wrong with a database, whatever was done to it. */
export async function unsound(database: Database): Promise<string[]> {
  return [
    ...(await counters(database)),
    ...(await found(database, FAULTS)),
    ...(await integrity(database)),
  ];
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

async function counters(database: Database): Promise<string[]> {
  const [counted, real] = await database.read([
    { sql: `SELECT ${COUNTED} FROM lines` },
    { sql: `SELECT ${REAL} FROM promises` },
  ]);
  const [one, other] = [counted, real].map((found) => JSON.stringify(found?.rows[0]));
  return one === other ? [] : [`counters say ${one}, rows say ${other}`];
}

/** A server answers it too. */
async function integrity(database: Database): Promise<string[]> {
  const [found] = await database.read([{ sql: 'PRAGMA integrity_check' }]);
  const said = String(Object.values(found?.rows[0] ?? {})[0]);
  return said === 'ok' ? [] : [`integrity_check: ${said}`];
}
