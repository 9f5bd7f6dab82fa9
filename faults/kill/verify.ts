import { type Database, openDatabase } from '../../src/db/index.js';
import { STATUSES } from '../../src/promises/index.js';
import type { Told } from './victim.js';

const COUNTED = STATUSES.map((status) => `sum(${status}) AS ${status}`).join(', ');
const REAL = STATUSES.map((status) => `sum(status = '${status}') AS ${status}`).join(', ');

/** Each selects what must not be there. */
const FAULTS: Readonly<Record<string, string>> = {
  'completed, and its effect is not there once': `
    SELECT p.id FROM promises p WHERE p.type = 'work' AND p.status = 'completed' AND 1 <> (
      SELECT count(*) FROM promises e WHERE e.type = 'effect' AND e.payload ->> 'maker' = p.id
    )`,
  'not completed, and its effect is there': `
    SELECT e.id FROM promises e JOIN promises p ON p.id = e.payload ->> 'maker'
    WHERE e.type = 'effect' AND p.status <> 'completed'`,
  'an order with two promises': `
    SELECT min(id) FROM promises WHERE metadata ->> 'order' IS NOT NULL
    GROUP BY metadata ->> 'order' HAVING count(*) > 1`,
  'a slot with two promises': `
    SELECT min(id) FROM promises WHERE metadata ->> 'slot' IS NOT NULL
    GROUP BY metadata ->> 'schedule', metadata ->> 'slot' HAVING count(*) > 1`,
  'a slot without its promise': `
    SELECT promise_id FROM occurrences WHERE kind = 'fired'
      AND promise_id NOT IN (SELECT id FROM promises)`,
  'open after the end': `
    SELECT id FROM promises WHERE settled_at IS NULL`,
  'a set left behind': 'SELECT id FROM scratch',
  'a body without its promise': `
    SELECT promise_id FROM bodies WHERE promise_id NOT IN (SELECT id FROM promises)`,
};

/** What is wrong with a database after all that was done to it. */
export async function verify(url: string, { made }: Told): Promise<string[]> {
  const database = await openDatabase({ name: 'queue', url, profile: 'queue' });
  try {
    return [
      ...(await lost(database, made)),
      ...(await counters(database)),
      ...(await broken(database)),
      ...(await integrity(database)),
    ];
  } finally {
    await database.close();
  }
}

async function lost(database: Database, made: ReadonlySet<string>): Promise<string[]> {
  const sql = `
    SELECT value FROM json_each(?1) WHERE value NOT IN (SELECT id FROM promises)`;
  const [found] = await database.read([{ sql, args: [JSON.stringify([...made])] }]);
  return (found?.rows ?? []).map(({ value }) => `${value} was acknowledged and is not there`);
}

async function counters(database: Database): Promise<string[]> {
  const [counted, real] = await database.read([
    { sql: `SELECT ${COUNTED} FROM lines` },
    { sql: `SELECT ${REAL} FROM promises` },
  ]);
  const [one, other] = [counted, real].map((found) => JSON.stringify(found?.rows[0]));
  return one === other ? [] : [`counters say ${one}, rows say ${other}`];
}

async function broken(database: Database): Promise<string[]> {
  const names = Object.keys(FAULTS);
  const results = await database.read(names.map((name) => ({ sql: FAULTS[name] ?? '' })));
  return results.flatMap(({ rows }, at) =>
    rows.map((row) => `${Object.values(row)[0]}: ${names[at]}`),
  );
}

/** A server answers it too. */
async function integrity(database: Database): Promise<string[]> {
  const [found] = await database.read([{ sql: 'PRAGMA integrity_check' }]);
  const said = String(Object.values(found?.rows[0] ?? {})[0]);
  return said === 'ok' ? [] : [`integrity_check: ${said}`];
}
