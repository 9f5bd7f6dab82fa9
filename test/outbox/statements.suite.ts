import type { Client } from '@libsql/client';
import { uuidv7 } from 'uuidv7';
import { expect, it } from 'vitest';
import { type PromiseStore, promiseStatements } from '../../src/promises/index.js';

export interface StatementsFixture {
  /** The application's own client on the `queue` database, which has a table `orders (id)`. */
  readonly client: Client;
  readonly store: PromiseStore;
}

/** What an application's own batch does, on every topology. */
export function statementsContract(open: () => Promise<StatementsFixture>): void {
  const order = (id: string) => ({ sql: 'INSERT INTO orders (id) VALUES (?)', args: [id] });
  const orders = async (client: Client) =>
    (await client.execute('SELECT count(*) AS n FROM orders')).rows[0]?.n;

  it('make a promise with the rows beside it', async () => {
    const { client, store } = await open();
    const plain = await promiseStatements({ type: 'mail', payload: { to: 'a' }, priority: 2 });
    const rich = await promiseStatements({
      type: 'mail',
      payload: 'x'.repeat(2_000),
      tags: ['t'],
      key: 'k',
      concurrencyKey: 'c',
      dependsOn: [plain.id],
    });
    await client.batch([order('1'), ...plain.statements, ...rich.statements], 'write');
    expect(await orders(client)).toBe(1);
    expect(await store.get(plain.id)).toMatchObject({ status: 'pending', priority: 2 });
    expect(await store.get(rich.id)).toMatchObject({ status: 'waiting', waitsFor: 'parents' });
    expect((await store.figures()).byStatus).toMatchObject({ pending: 1, waiting: 1 });
    const [claim] = await store.claim({ token: uuidv7(), worker: 'w', limit: 5, leaseMs: 30_000 });
    expect(claim).toMatchObject({ id: plain.id, payload: { to: 'a' } });
    await store.settle([{ id: plain.id, fence: claim?.fence ?? 0, outcome: 'complete' }]);
    expect(await store.get(rich.id)).toMatchObject({ status: 'pending' });
  });

  it('make nothing when the batch does not commit', async () => {
    const { client, store } = await open();
    const { id, statements } = await promiseStatements({ type: 'mail', tags: ['t'], key: 'k' });
    await client.batch([order('1')], 'write');
    await expect(client.batch([...statements, order('1')], 'write')).rejects.toThrow(/UNIQUE/);
    expect(await store.get(id)).toBeUndefined();
    expect((await store.figures()).byStatus.pending).toBe(0);
    await client.batch([...statements, order('2')], 'write');
    expect(await store.get(id)).toMatchObject({ status: 'pending', key: 'k' });
  });

  it('make one promise of a key, and of a batch that is sent again', async () => {
    const { client, store } = await open();
    const first = await promiseStatements({ type: 'mail', key: 'k' });
    const second = await promiseStatements({ type: 'mail', key: 'k' });
    await client.batch(first.statements, 'write');
    await client.batch(first.statements, 'write');
    await client.batch(second.statements, 'write');
    expect(await store.get(first.id)).toMatchObject({ status: 'pending' });
    expect(await store.get(second.id)).toBeUndefined();
    expect((await store.figures()).byStatus.pending).toBe(1);
  });

  it('are refused for what no promise can be', async () => {
    await expect(promiseStatements({ type: 'mail', priority: 11 })).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('priority'),
    });
  });
}
