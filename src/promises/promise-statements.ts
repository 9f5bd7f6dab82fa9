import { newId, parseInput } from '../core/index.js';
import { databaseClock } from '../db/index.js';
import { startOperation } from './advance.js';
import { type Enqueue, enqueueOperation, mayWait, withId } from './enqueue.js';
import { type NewPromiseInput, newPromise } from './promise.js';
import { prepare, type Vault } from './vault.js';

/** Statements as `@libsql/client` takes them, for a `batch()` of one's own. */
export interface PromiseStatements {
  /** The promise's id; it leads to a promise once the batch has committed. */
  readonly id: string;
  readonly statements: { sql: string; args: (null | string | number)[] }[];
}

/**
 * The statements that make a promise, to be put into a `batch(…, 'write')` on the
 * `queue` database: the promise commits with the rows beside it, or not at all. All of
 * them, in their order. With a key that is taken nothing is made, and `id` leads nowhere.
 * @throws InputInvalidError naming the field; HoldfastError `payload-too-large`
 */
export async function promiseStatements(promise: NewPromiseInput): Promise<PromiseStatements> {
  return statementsOf(withId(parseInput(newPromise, promise), newId()));
}

/** The same for a promise that is parsed, its payload sealed where its type asks for it. */
export async function statementsOf(promise: Enqueue, vault?: Vault): Promise<PromiseStatements> {
  const prepared = await prepare(promise, vault);
  const started = mayWait(promise) ? startOperation([promise.id], databaseClock).statements : [];
  const statements = [...enqueueOperation([prepared], databaseClock).statements, ...started];
  return {
    id: promise.id,
    statements: statements.map(({ sql, args = [] }) => ({
      sql,
      args: args as (null | string | number)[],
    })),
  };
}
