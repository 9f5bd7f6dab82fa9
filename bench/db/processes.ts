import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createClient as createPlain } from '@libsql/client';
import { median, type Table } from '../section.js';
import { withTempDir } from '../temp-dir.js';
import { CONTENDERS, type Contender, CREATE } from './clients.js';

interface Told {
  readonly acknowledged: number;
  readonly errors: number;
  readonly ms: number;
}

interface Race {
  readonly errors: number;
  readonly lost: number;
  readonly perSecond: number;
}

/** (a) Processes that write single rows to one file at once. */
export async function benchProcesses(rounds: number, writes: number): Promise<Table> {
  const rows: (string | number)[][] = [];
  for (const processes of [1, 4, 16]) {
    for (const contender of CONTENDERS) {
      const races: Race[] = [];
      for (let round = 0; round < rounds; round += 1) {
        races.push(await race(contender, processes, Math.ceil(writes / Math.min(processes, 4))));
      }
      rows.push([
        processes,
        contender,
        Math.max(...races.map(({ errors }) => errors)),
        Math.max(...races.map(({ lost }) => lost)),
        Math.round(median(races.map(({ perSecond }) => perSecond))),
      ]);
    }
  }
  return {
    title: `(a) Processes × single-row writes to one file (${writes} rows, 4 or more processes: ${Math.ceil(writes / 4)} each)`,
    columns: [
      'processes',
      'client',
      'errors (worst)',
      'acknowledged rows lost (worst)',
      'rows/s (median)',
    ],
    rows,
  };
}

function race(contender: Contender, processes: number, count: number): Promise<Race> {
  return withTempDir(async (dir) => {
    const url = `file:${dir}/race.db`;
    const plain = createPlain({ url });
    await plain.execute(CREATE);
    plain.close();
    const children = Array.from({ length: processes }, (_, at) =>
      fork(new URL('./writer.ts', import.meta.url), [contender, url, String(at), String(count)], {
        execArgv: ['--import', 'tsx'],
      }),
    );
    await Promise.all(children.map((child) => once(child, 'message')));
    const answers = children.map((child) => once(child, 'message'));
    const gone = children.map((child) => once(child, 'exit'));
    const startedAt = performance.now();
    for (const child of children) child.send('go');
    const told = (await Promise.all(answers)).map(([answer]) => answer as Told);
    const ms = performance.now() - startedAt;
    await Promise.all(gone);
    const acknowledged = told.reduce((sum, one) => sum + one.acknowledged, 0);
    return {
      errors: told.reduce((sum, one) => sum + one.errors, 0),
      lost: acknowledged - (await countRows(url)),
      perSecond: (acknowledged / ms) * 1_000,
    };
  });
}

async function countRows(url: string): Promise<number> {
  const client = createPlain({ url });
  const { rows } = await client.execute('SELECT count(*) AS count FROM rows');
  client.close();
  return Number(rows[0]?.count);
}
