import { createClient as createPlain } from '@libsql/client';
import { createClient } from '../../src/db/index.js';
import { startSqld } from '../../test/support/sqld.js';
import { median, type Table } from '../section.js';
import { CREATE, INSERT } from './clients.js';

/** (d) A real libsql-server over loopback. */
export async function benchRemote(rounds: number, calls: number): Promise<Table> {
  const rows: (string | number)[][] = [];
  const server = await startSqld();
  try {
    const clients = {
      plain: createPlain({ url: server.url }),
      holdfast: createClient({ url: server.url }),
    };
    await clients.plain.execute(CREATE);
    const write = (client: typeof clients.plain) =>
      client.execute({ sql: INSERT, args: ['1', 'a row of a benchmark'] });
    for (const concurrent of [1, 16, 1_000]) {
      for (const [name, client] of Object.entries(clients)) {
        const runs: { errors: number; perSecond: number }[] = [];
        for (let round = 0; round < rounds; round += 1) {
          runs.push(await inFlight(Math.max(calls, concurrent), concurrent, () => write(client)));
        }
        rows.push([
          concurrent === 1 ? 'one after the other' : `${concurrent} at once`,
          name,
          Math.max(...runs.map(({ errors }) => errors)),
          Math.round(median(runs.map(({ perSecond }) => perSecond))),
        ]);
      }
    }
  } finally {
    await server.stop();
  }
  return {
    title: '(d) Single-row writes to libsql-server over loopback',
    columns: ['calls', 'client', 'errors (worst)', 'calls/s (median)'],
    rows,
  };
}

async function inFlight(count: number, concurrent: number, call: () => Promise<unknown>) {
  let left = count;
  let errors = 0;
  const startedAt = performance.now();
  const work = async () => {
    while (left > 0) {
      left -= 1;
      await call().catch(() => {
        errors += 1;
      });
    }
  };
  await Promise.all(Array.from({ length: concurrent }, work));
  return { errors, perSecond: ((count - errors) / (performance.now() - startedAt)) * 1_000 };
}
