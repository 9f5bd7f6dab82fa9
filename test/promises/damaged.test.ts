import { expect, test } from 'vitest';
import { newId } from '../../src/core/index.js';
import { migrate } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations, withId } from '../../src/promises/index.js';
import { openFresh } from '../db/topologies.js';

test('a claimed payload that is gone from the disk is an error, and nobody gets that of another', async () => {
  const database = await openFresh('file');
  await migrate(database, promiseMigrations);
  const store = new PromiseStore(database);
  const payloads = ['a', 'b'.repeat(1_000), 'c'];
  const made = payloads.map((payload) => withId({ type: 'echo', payload }, newId()));
  await store.enqueue(made);
  await database.write([
    { sql: 'DELETE FROM bodies WHERE promise_id = ?', args: [made[1]?.id ?? ''] },
  ]);
  const ask = { token: newId(), worker: 'w', limit: 10, leaseMs: 60_000 };
  await expect(store.claim(ask)).rejects.toMatchObject({ code: 'database-corrupt' });
});
