import type { Database } from '../db/index.js';
import type { Failure, PromiseRecord } from './promise.js';
import { failureOf, promiseOf, SELECT_PROMISES } from './row.js';

const SELECT_ONE = `${SELECT_PROMISES} WHERE p.id = ?1`;

const SELECT_FAILURES = `
SELECT attempt, fence, failed_at, error FROM failures WHERE promise_id = ?1
ORDER BY fence DESC LIMIT 1000`;

export async function findPromise(
  database: Database,
  id: string,
): Promise<PromiseRecord | undefined> {
  const [found] = await database.read([{ sql: SELECT_ONE, args: [id] }], { label: 'promises.get' });
  const [row] = found?.rows ?? [];
  return row === undefined ? undefined : promiseOf(row);
}

/** The attempts of a promise that failed or crashed, oldest first; the newest 1,000. */
export async function findFailures(database: Database, id: string): Promise<Failure[]> {
  const [found] = await database.read([{ sql: SELECT_FAILURES, args: [id] }], {
    label: 'promises.failures',
  });
  return (found?.rows ?? []).map(failureOf).reverse();
}
