import { setTimeout as sleep } from 'node:timers/promises';
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

it.each(['http', 'ws'])(
  'a batch over %s that the server gives up for others is sent again, and ends no process',
  async (protocol) => {
    const client = createClient({ url: server.url.replace('http', protocol) });
    onTestFinished(() => client.close());
    await client.execute('CREATE TABLE IF NOT EXISTS waited (text TEXT)');
    await client.execute('DELETE FROM waited');
    // Goes on for long, until somebody else has written.
    const slow = `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < CASE
      WHEN EXISTS (SELECT 1 FROM waited WHERE text = 'other') THEN 1 ELSE 1000000 END)
      SELECT max(n) FROM n`;
    const own = "INSERT INTO waited VALUES ('own')";
    const batch = client.batch([own, ...Array.from({ length: 500 }, () => slow)], 'write');
    const database = await open();
    await sleep(2_000); // The batch has the lock by then.
    const other = database.write([{ sql: "INSERT INTO waited VALUES ('other')" }]);
    await Promise.all([batch, other]);
    expect(client.telemetry().total.retries).toBeGreaterThan(0);
    const { rows } = await client.execute('SELECT text FROM waited');
    expect(rows).toMatchObject([{ text: 'other' }, { text: 'own' }]);
  },
);

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
