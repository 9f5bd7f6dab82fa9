import type { Client } from '@libsql/client';
import { median, type Table } from '../section.js';
import { withTempDir } from '../temp-dir.js';
import { CREATE, INSERT, openContender, type Synchronous } from './clients.js';

const PAIR = ['plain + WAL', 'holdfast'] as const;

const CALLS: Readonly<Record<string, (client: Client, at: number) => Promise<unknown>>> = {
  'single-row read': (client, at) =>
    client.execute({ sql: 'SELECT id, text FROM rows WHERE id = ?', args: [(at % 1_000) + 1] }),
  'single-row write': (client) => client.execute({ sql: INSERT, args: ['1', 'a row'] }),
  'batch of 100 writes': (client) =>
    client.batch(
      Array.from({ length: 100 }, () => ({ sql: INSERT, args: ['1', 'a row'] })),
      'write',
    ),
};

/** (c) What one call costs when nobody else is there. Turns alternate, so that both meet the same noise. */
export async function benchOverhead(rounds: number, calls: number): Promise<Table> {
  const rows: (string | number)[][] = [];
  for (const synchronous of ['normal', 'full'] as const) {
    for (const [name, call] of Object.entries(CALLS)) {
      // An fsync a call decides what FULL costs, so there are fewer of them.
      const scaled = synchronous === 'full' ? calls / 10 : calls;
      const count = Math.ceil(name.startsWith('batch') ? scaled / 20 : scaled);
      const [plain, holdfast] = await measurePair(synchronous, rounds, count, call);
      rows.push([
        name,
        synchronous,
        plain.toFixed(1),
        holdfast.toFixed(1),
        `${((holdfast / plain) * 100).toFixed(0)} %`,
      ]);
    }
  }
  return {
    title: '(c) Uncontended calls, in microseconds (medians), both on WAL',
    columns: ['call', 'synchronous', 'plain + WAL', 'holdfast', 'holdfast / plain'],
    rows,
  };
}

function measurePair(
  synchronous: Synchronous,
  rounds: number,
  count: number,
  call: (client: Client, at: number) => Promise<unknown>,
): Promise<[number, number]> {
  return withTempDir(async (dir) => {
    const clients: Client[] = [];
    for (const contender of PAIR) {
      const url = `file:${dir}/${contender.replaceAll(' ', '')}.db`;
      const client = await openContender(contender, url, synchronous);
      await client.execute(CREATE);
      await client.batch(
        Array.from({ length: 1_000 }, () => ({ sql: INSERT, args: ['1', 'a row'] })),
        'write',
      );
      for (let at = 0; at < count / 5; at += 1) await call(client, at);
      clients.push(client);
    }
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds * 3; round += 1) {
      for (const [at, client] of clients.entries()) {
        const startedAt = performance.now();
        for (let turn = 0; turn < count; turn += 1) await call(client, turn);
        times[at]?.push(((performance.now() - startedAt) * 1_000) / count);
      }
    }
    for (const client of clients) client.close();
    return [median(times[0]), median(times[1])];
  });
}
