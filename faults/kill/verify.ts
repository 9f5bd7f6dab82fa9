import type { Database } from '../../src/db/index.js';
import { withQueue } from '../queue.js';
import { found, lostOf, unsound } from '../sound.js';
import type { Told } from './told.js';

/** What is there in the end. */
export type Seen = Readonly<Record<keyof typeof SEEN, number>>;

/** Each counts what must be there, where anything has worked. */
const SEEN = {
  completed: `SELECT count(*) AS count FROM promises WHERE type = 'work' AND status = 'completed'`,
  fired: `SELECT count(*) AS count FROM occurrences WHERE kind = 'fired'`,
  recovered: `SELECT count(*) AS count FROM failures WHERE error ->> 'code' = 'lease-expired'`,
} as const;

/** Among fewer kills there may be none of a process that held a promise. */
const KILLS_THAT_RECOVER = 20;

/** Each selects what must not be there. */
const FAULTS: Readonly<Record<string, string>> = {
  'completed, and its effect is not there once': `
    SELECT p.id FROM promises p WHERE p.type = 'work' AND p.status = 'completed' AND 1 <> (
      SELECT count(*) FROM promises e WHERE e.type = 'effect' AND e.payload ->> 'maker' = p.id
    )`,
  'not completed, and its effect is there': `
    SELECT e.id FROM promises e JOIN promises p ON p.id = e.payload ->> 'maker'
    WHERE e.type = 'effect' AND p.status <> 'completed'`,
  'an effect of nothing': `
    SELECT id FROM promises WHERE type = 'effect'
      AND coalesce(payload ->> 'maker', '') NOT IN (SELECT id FROM promises)`,
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
  'not completed, though nothing but lost workers may end it': `
    SELECT id FROM promises WHERE settled_at IS NOT NULL AND status <> 'completed'
      AND coalesce(error ->> 'code', '') <> 'quarantined'`,
};

/** What is wrong with a database after all that was done to it, and what is there. */
export async function verify(
  url: string,
  told: Told,
  kills: number,
): Promise<{ seen: Seen; faults: string[] }> {
  return await withQueue(url, async (database) => {
    const seen = await countSeen(database);
    const faults = [
      ...idle(told, seen, kills),
      ...(await lostOf(database, told.acknowledged)),
      ...(await bareOf(database, told)),
      ...(await found(database, FAULTS)),
      ...(await unsound(database)),
    ];
    return { seen, faults };
  });
}

async function countSeen(database: Database): Promise<Seen> {
  const names = Object.keys(SEEN) as (keyof Seen)[];
  const results = await database.read(names.map((name) => ({ sql: SEEN[name] })));
  const counts = names.map((name, at) => [name, Number(results[at]?.rows[0]?.count)] as const);
  return Object.fromEntries(counts) as Seen;
}

/** What nobody did: then nothing that was looked for could be found. */
function idle(told: Told, seen: Seen, kills: number): string[] {
  return [
    ...(told.made.size === 0 ? ['nothing was acknowledged to a process'] : []),
    ...(told.posted.size === 0 ? ['nothing was acknowledged over HTTP'] : []),
    ...(seen.completed === 0 ? ['nothing was completed'] : []),
    ...(seen.fired === 0 ? ['no slot was fired'] : []),
    ...(seen.recovered === 0 && kills >= KILLS_THAT_RECOVER ? ['nothing was recovered'] : []),
  ];
}

/** Whoever posts sends none. */
async function bareOf(database: Database, { made }: Told): Promise<string[]> {
  const sql = `
    SELECT id FROM promises WHERE id IN (SELECT value FROM json_each(?1)) AND payload IS NULL
      AND id NOT IN (SELECT promise_id FROM bodies WHERE part = 'payload')`;
  const [bare] = await database.read([{ sql, args: [JSON.stringify([...made])] }]);
  return (bare?.rows ?? []).map(({ id }) => `${id} has lost its payload`);
}
