import type { Database } from '../../src/db/index.js';
import { Schedules } from '../../src/promises/index.js';
import { until, untilDone } from '../until.js';
import { SCHEDULE } from './orders.js';

/** What a soak leaves in its database: what was settled long ago is gone. */
export interface Left {
  /** Promises that are not settled. */
  readonly open: number;
  readonly completed: number;
  readonly all: number;
}

const DRAINED_MS_MAX = 120_000;
const COUNTS_EVERY_MS = 500;

const LEFT = `
SELECT count(*) AS n, count(*) - count(settled_at) AS open,
  count(*) FILTER (WHERE status = 'completed') AS completed
FROM promises`;

/**
 * Waits until all that was made is settled, once nobody makes more; tells what is left. A server that
 * is behind with its writes may leave answers out.
 */
export async function drainSoak(database: Database): Promise<Left> {
  const schedules = new Schedules(database);
  await untilDone(() => schedules.remove(SCHEDULE), DRAINED_MS_MAX);
  await until(() => isDrained(database), DRAINED_MS_MAX, COUNTS_EVERY_MS);
  return await leftIn(database);
}

function isDrained(database: Database): Promise<boolean> {
  return leftIn(database).then(
    ({ open }) => open === 0,
    () => false,
  );
}

export async function leftIn(database: Database): Promise<Left> {
  const [found] = await database.read([{ sql: LEFT }]);
  const { n, open, completed } = found?.rows[0] ?? {};
  return { all: Number(n), open: Number(open), completed: Number(completed) };
}
