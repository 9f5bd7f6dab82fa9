import { join } from 'node:path';
import { createClient as createTheirs } from '@libsql/client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type ClientConfig, createClient, type HoldfastClient } from '../../src/db/index.js';
import { type Sqld, startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';

let server: Sqld;
beforeAll(async () => {
  server = await startSqld();
});
afterAll(async () => {
  await server?.stop();
});

async function freshReplica(
  table: string,
  options: Partial<ClientConfig> = {},
): Promise<{ replica: HoldfastClient; primary: ReturnType<typeof createTheirs> }> {
  const primary = createTheirs({ url: server.url });
  await primary.execute(`CREATE TABLE ${table} (text TEXT)`);
  const url = `file:${join(tempDir(), 'replica.db')}`;
  const replica = createClient({ url, syncUrl: server.url, ...options });
  onTestFinished(() => {
    replica.close();
    primary.close();
  });
  return { replica, primary };
}

const textsOf = async (client: HoldfastClient, table: string) =>
  (await client.execute(`SELECT text FROM ${table}`)).rows.map(({ text }) => text);

describe('an embedded replica', () => {
  it('is synced at its start, and sees its own writes', async () => {
    const { replica } = await freshReplica('own');
    expect(await textsOf(replica, 'own')).toEqual([]);
    await replica.execute("INSERT INTO own VALUES ('a')");
    expect(await textsOf(replica, 'own')).toEqual(['a']);
    await replica.batch(["INSERT INTO own VALUES ('b')", 'SELECT 1'], 'write');
    await replica.withTransaction(async (tx) => {
      await tx.execute("INSERT INTO own VALUES ('c')");
    });
    await replica.executeMultiple("INSERT INTO own VALUES ('d'); INSERT INTO own VALUES ('e')");
    expect(await textsOf(replica, 'own')).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it("sees others' writes after sync(), and when its interval has passed", async () => {
    const { replica, primary } = await freshReplica('theirs', { syncInterval: 0.02 });
    expect(await textsOf(replica, 'theirs')).toEqual([]);
    await primary.execute("INSERT INTO theirs VALUES ('a')");
    expect(await replica.sync()).toMatchObject({ frame_no: expect.any(Number) });
    expect(await textsOf(replica, 'theirs')).toEqual(['a']);
    await primary.execute("INSERT INTO theirs VALUES ('b')");
    await expect.poll(() => textsOf(replica, 'theirs')).toEqual(['a', 'b']);
  });

  it('may be stale when it is not asked to read its own writes', async () => {
    const { replica } = await freshReplica('stale', { readYourWrites: false });
    await replica.sync();
    await replica.execute("INSERT INTO stale VALUES ('a')");
    expect(await textsOf(replica, 'stale')).toEqual([]);
    await replica.sync();
    expect(await textsOf(replica, 'stale')).toEqual(['a']);
  });

  it('never gives TRANSACTION_ACTIVE: reads and writes go on beside a transaction (R10)', async () => {
    const { replica } = await freshReplica('beside');
    const tx = await replica.transaction('write');
    await tx.execute("INSERT INTO beside VALUES ('in tx')");
    expect(await textsOf(replica, 'beside')).toEqual([]);
    const waiting = replica.execute("INSERT INTO beside VALUES ('waited')");
    await tx.commit();
    await waiting;
    expect(await textsOf(replica, 'beside')).toEqual(['in tx', 'waited']);
  });

  it('reports what is wrong with SQL as theirs does, and goes on', async () => {
    const { replica } = await freshReplica('wrong');
    await expect(replica.execute('SELECT * FROM nowhere')).rejects.toMatchObject({
      code: 'SQLITE_ERROR',
    });
    expect(await textsOf(replica, 'wrong')).toEqual([]);
  });
});
