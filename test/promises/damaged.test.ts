import { expect, test } from 'vitest';
import { newId } from '../../src/core/index.js';
import { migrate } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations, withId } from '../../src/promises/index.js';
import { openFresh } from '../db/topologies.js';

async function open() {
  const database = await openFresh('file');
  await migrate(database, promiseMigrations);
  return { database, store: new PromiseStore(database) };
}

const askOf = (limit: number) => ({ token: newId(), worker: 'w', limit, leaseMs: 60_000 });

test('a claimed payload that is gone from the disk is an error, and nobody gets that of another', async () => {
  const { database, store } = await open();
  const payloads = ['a', 'b'.repeat(1_000), 'c'];
  const made = payloads.map((payload) => withId({ type: 'echo', payload }, newId()));
  await store.enqueue(made);
  await database.write([
    { sql: 'DELETE FROM bodies WHERE promise_id = ?', args: [made[1]?.id ?? ''] },
  ]);
  await expect(store.claim(askOf(10))).rejects.toMatchObject({ code: 'database-corrupt' });
});

test.each([
  ['cannot be read', `UPDATE promises SET metadata = '{' WHERE status = 'pending'`],
  [
    'is refused',
    `CREATE TRIGGER refuse BEFORE INSERT ON claims BEGIN SELECT RAISE(ABORT, 'refused'); END`,
  ],
])('a claim that %s takes nothing from the settlements it goes with', async (_how, sql) => {
  const { database, store } = await open();
  await store.enqueue([withId({ type: 'echo' }, newId())]);
  const [held] = await store.claim(askOf(1));
  if (held === undefined) throw new Error('nothing was claimed');
  const { id, fence } = held;
  await store.enqueue([withId({ type: 'echo', metadata: { of: 'the next' } }, newId())]);
  await database.write([{ sql }]);
  const settling = store.settle([{ id, fence, outcome: 'complete' }], new Map([[id, held]]));
  const claiming = store.claim(askOf(10), { isLikely: true });
  await expect(claiming).rejects.toThrow();
  expect(await settling).toMatchObject([{ applied: true, status: 'completed' }]);
  expect(await store.get(id)).toMatchObject({ status: 'completed' });
});
