import type { Database } from '../../src/db/index.js';
import { withQueue } from '../queue.js';
import { found, unsound } from './sound.js';
import type { Told } from './victim.js';

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
};

/** What is wrong with a database after all that was done to it. */
export async function verify(url: string, { made }: Told): Promise<string[]> {
  return await withQueue(url, async (database) => [
    ...(await lost(database, made)),
    ...(await found(database, FAULTS)),
    ...(await unsound(database)),
  ]);
}

async function lost(database: Database, made: ReadonlySet<string>): Promise<string[]> {
  const sql = `
    SELECT value FROM json_each(?1) WHERE value NOT IN (SELECT id FROM promises)`;
  const [found] = await database.read([{ sql, args: [JSON.stringify([...made])] }]);
  return (found?.rows ?? []).map(({ value }) => `${value} was acknowledged and is not there`);
}
