import { InputInvalidError, type Json } from '../core/index.js';
import type { Database } from '../db/index.js';
import type { Enqueue } from './enqueue.js';
import { jsonOf, textOf } from './row.js';
import type { Status } from './states.js';

/** A promise that another one depends on, as its child sees it. */
export interface Parent {
  readonly id: string;
  readonly type: string;
  readonly status: Status;
  /** Null unless it is completed. */
  readonly result: Json;
}

const SELECT_PARENTS = `
SELECT p.id, p.type, p.status, coalesce(p.result, b.body) AS result
FROM dependencies d CROSS JOIN promises p ON p.id = d.parent_id
LEFT JOIN bodies b ON p.status = 'completed' AND p.result IS NULL AND b.promise_id = p.id
  AND b.part = 'result'
WHERE d.child_id = ?1 ORDER BY p.id`;

/** The promises that one depends on, in the order they were made. Those that retention took are left out. */
export async function findParents(database: Database, id: string): Promise<Parent[]> {
  const [found] = await database.read([{ sql: SELECT_PARENTS, args: [id] }], {
    label: 'promises.parents',
  });
  return (found?.rows ?? []).map((row) => ({
    id: textOf(row, 'id'),
    type: textOf(row, 'type'),
    status: textOf(row, 'status') as Status,
    result: jsonOf(row, 'result'),
  }));
}

const SELECT_KNOWN = `
SELECT p.id FROM json_each(?1) asked CROSS JOIN promises p ON p.id = asked.value`;

/** Those of `ids` that are promises. */
export async function findKnown(database: Database, ids: readonly string[]): Promise<Set<string>> {
  const [found] = await database.read([{ sql: SELECT_KNOWN, args: [JSON.stringify(ids)] }], {
    label: 'promises.known',
  });
  return new Set((found?.rows ?? []).map((row) => textOf(row, 'id')));
}

/**
 * Parents are there already, or come before their children in the same call.
 * @throws InputInvalidError naming the parent that is not
 */
export async function checkParents(database: Database, items: readonly Enqueue[]): Promise<void> {
  if (items.every(({ dependsOn }) => dependsOn === undefined)) return;
  const parents = items.flatMap((item) => item.dependsOn ?? []);
  const known = new Set(parents.length === 0 ? [] : await findKnown(database, parents));
  for (const [at, item] of items.entries()) {
    const missing = item.dependsOn?.findIndex((id) => !known.has(id)) ?? -1;
    if (missing >= 0) throw unknownParent(items.length > 1 ? `${at}.` : '', missing, item);
    known.add(item.id);
  }
}

function unknownParent(prefix: string, at: number, { dependsOn = [] }: Enqueue): InputInvalidError {
  return new InputInvalidError([
    {
      path: `${prefix}dependsOn.${at}`,
      rule: 'must be the id of a promise that was made before',
      received: JSON.stringify(dependsOn[at]),
    },
  ]);
}
