import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@libsql/client';
import { median, type Table } from '../section.js';
import { withTempDir } from '../temp-dir.js';
import { CONTENDERS, type Contender, CREATE, INSERT, openContender } from './clients.js';

type Kind = 'writes' | 'transactions';

interface Outcome {
  readonly errors: number;
  readonly lost: number;
  readonly worstDelayMs: number;
  readonly perSecond: number;
}

/** (b) Calls that one process makes at once. */
export async function benchConcurrency(rounds: number): Promise<Table> {
  const rows: (string | number)[][] = [];
  for (const kind of ['writes', 'transactions'] as const) {
    for (const calls of [1, 64, 1_000]) {
      for (const contender of CONTENDERS) {
        const outcomes: Outcome[] = [];
        for (let round = 0; round < rounds; round += 1) {
          outcomes.push(await measure(contender, kind, calls));
        }
        rows.push([
          `${calls} ${kind}`,
          contender,
          Math.max(...outcomes.map(({ errors }) => errors)),
          Math.max(...outcomes.map(({ lost }) => lost)),
          median(outcomes.map(({ worstDelayMs }) => worstDelayMs)).toFixed(1),
          Math.round(median(outcomes.map(({ perSecond }) => perSecond))),
        ]);
      }
    }
  }
  return {
    title: '(b) Concurrent calls in one process',
    columns: [
      'calls at once',
      'client',
      'errors (worst)',
      'acknowledged rows lost (worst)',
      'worst event-loop delay in ms (median)',
      'calls/s (median)',
    ],
    rows,
  };
}

function measure(contender: Contender, kind: Kind, calls: number): Promise<Outcome> {
  return withTempDir(async (dir) => {
    const client = await openContender(contender, `file:${dir}/calls.db`);
    await client.execute(CREATE);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await sleep(20);
    delay.reset();
    // The first tick after a reset is not counted: without it a hold-up that follows at once would be missed.
    await sleep(5);
    const startedAt = performance.now();
    const call = kind === 'writes' ? write : transact;
    const settled = await Promise.allSettled(Array.from({ length: calls }, () => call(client)));
    const ms = performance.now() - startedAt;
    // The monitor sees a hold-up only when the loop turns again.
    await sleep(20);
    delay.disable();
    const acknowledged = settled.filter(({ status }) => status === 'fulfilled').length;
    client.close();
    const reader = await openContender('plain', `file:${dir}/calls.db`);
    const { rows } = await reader.execute('SELECT count(*) AS count FROM rows');
    reader.close();
    return {
      errors: calls - acknowledged,
      lost: acknowledged - Number(rows[0]?.count),
      worstDelayMs: delay.max / 1e6,
      perSecond: (acknowledged / ms) * 1_000,
    };
  });
}

async function write(client: Client): Promise<void> {
  await client.execute({ sql: INSERT, args: ['1', 'a row of a benchmark'] });
}

/** Reads, lets the loop turn as a caller's own work would, then writes. */
async function transact(client: Client): Promise<void> {
  const tx = await client.transaction('write');
  try {
    await tx.execute('SELECT count(*) FROM rows WHERE id = 1');
    await new Promise((resolve) => setImmediate(resolve));
    await tx.execute({ sql: INSERT, args: ['1', 'a row of a benchmark'] });
    await tx.commit();
  } finally {
    tx.close();
  }
}
