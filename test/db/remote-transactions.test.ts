import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createClient, type Database, openDatabase } from '../../src/db/index.js';
import { type Sqld, startSqld } from '../support/sqld.js';

let server: Sqld;
beforeAll(async () => {
  server = await startSqld();
});
afterAll(async () => {
  await server?.stop();
});

async function open(): Promise<Database> {
  const database = await openDatabase({ name: 'far', url: server.url, profile: 'queue' });
  onTestFinished(() => database.close());
  return database;
}

it('nothing is sent on a transaction that the server has rolled back (R3)', async () => {
  const client = createClient({ url: server.url });
  onTestFinished(() => client.close());
  await client.execute('CREATE TABLE killed (text TEXT)');
  const tx = await client.transaction('write');
  await tx.execute("INSERT INTO killed VALUES ('rolled back')");
  await client.execute("INSERT INTO killed VALUES ('waited')");
  const late = () => tx.execute("INSERT INTO killed VALUES ('late')");
  await expect(late()).rejects.toMatchObject({ code: 'TRANSACTION_TIMEOUT' });
  await expect(late()).rejects.toMatchObject({ code: 'TRANSACTION_CLOSED' });
  await expect(tx.commit()).rejects.toMatchObject({ code: 'TRANSACTION_CLOSED' });
  expect(tx.closed).toBe(true);
  const { rows } = await client.execute('SELECT text FROM killed');
  expect(rows).toMatchObject([{ text: 'waited' }]);
});

it('transactions wait for one another, and what outlives a callback may write', async () => {
  const database = await open();
  await database.write([{ sql: 'CREATE TABLE notes (at INTEGER)' }]);
  const detached: Promise<unknown>[] = [];
  const transactions = Array.from({ length: 8 }, (_, at) =>
    database.transaction(async (tx) => {
      await tx.execute({ sql: 'INSERT INTO notes VALUES (?1)', args: [at] });
      if (at > 0) return;
      let ended = () => {};
      const end = new Promise<void>((resolve) => {
        ended = resolve;
      });
      detached.push(end.then(() => database.write([{ sql: 'INSERT INTO notes VALUES (99)' }])));
      setImmediate(() => transactions[0]?.then(ended));
    }),
  );
  await Promise.all(transactions);
  await Promise.all(detached);
  const [result] = await database.read([{ sql: 'SELECT count(*) AS count FROM notes' }]);
  expect(result?.rows).toEqual([{ count: 9 }]);
});
