import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import { silentLog } from '../../src/core/index.js';
import { defineTask, Executor, TaskRegistry } from '../../src/tasks/index.js';
import { median, type Table } from '../section.js';
import { withTempDir } from '../temp-dir.js';
import { openQueueAt, type Synchronous } from './open.js';

export interface MakerTask {
  readonly url: string;
  readonly count: number;
  /** Between two promises; 0 makes them as fast as it can, in calls of 32. */
  readonly everyMs: number;
  readonly synchronous: Synchronous;
}

export interface MakerReport {
  readonly ms: number;
  readonly errors: number;
  /** The median of its calls. */
  readonly callMs: number;
}

const MAKER = new URL('./maker.ts', import.meta.url);

async function makers(tasks: readonly MakerTask[]): Promise<MakerReport[]> {
  const children = tasks.map(() => fork(MAKER, { execArgv: ['--import', 'tsx'] }));
  await Promise.all(children.map(told));
  const reports = children.map(async (child, at) => {
    child.send(tasks[at] as MakerTask);
    return (await told(child)) as MakerReport;
  });
  return Promise.all(reports);
}

/** The next message of a child; one that ends instead fails the benchmark. */
async function told(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const { signal } = ended;
  const gone = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a process of the benchmark ended with ${code}`);
  });
  const [message] = await Promise.race([once(child, 'message', { signal }), gone]);
  gone.catch(() => {});
  ended.abort();
  return message;
}

/** Several processes that make promises in one file. */
export async function benchMakers(rounds: number, count: number): Promise<Table> {
  const rows: (string | number)[][] = [];
  for (const processes of [1, 4]) {
    const runs: { rate: number; errors: number; lost: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      runs.push(
        await withTempDir(async (dir) => {
          const url = `file:${dir}/queue.db`;
          const { store, database } = await openQueueAt(url, 'normal');
          const each = Math.ceil(count / processes);
          const tasks = Array.from({ length: processes }, () => ({
            url,
            count: each,
            everyMs: 0,
            synchronous: 'normal' as const,
          }));
          const reports = await makers(tasks);
          const errors = reports.reduce((sum, report) => sum + report.errors, 0);
          const made = (await store.figures()).byStatus.pending;
          await database.close();
          const slowestMs = Math.max(...reports.map(({ ms }) => ms));
          const lost = each * processes - errors - made;
          return { rate: Math.round((made / slowestMs) * 1_000), errors, lost };
        }),
      );
    }
    rows.push([
      processes,
      median(runs.map(({ rate }) => rate)),
      Math.max(...runs.map(({ errors }) => errors)),
      Math.max(...runs.map(({ lost }) => lost)),
    ]);
  }
  return {
    title: `Processes that make promises in one file, in calls of 32 (${count.toLocaleString('en')} in all, synchronous normal)`,
    columns: ['processes', 'promises/s in all', 'errors (worst)', 'lost (worst)'],
    rows,
  };
}

/**
 * From an enqueue in one process to the start of its run in another that was idle. Both have
 * written by then, the one the promise and the other its claim: what a call alone takes is
 * what one such write costs, fsync and all.
 */
export async function benchWakeUp(count: number): Promise<Table> {
  const rows: (string | number)[][] = [];
  for (const synchronous of ['full', 'normal'] as const) {
    rows.push(await wakeUpRow(count, synchronous));
  }
  return {
    title: `Wake-up across processes, ${1_000 / WAKE_EVERY_MS} promises/s`,
    columns: [
      'synchronous',
      'promises',
      'p50 ms',
      'p99 ms',
      'max ms',
      'an enqueue alone, p50 ms',
      'CPU of the idle process',
    ],
    rows,
  };
}

const WAKE_EVERY_MS = 50;

function wakeUpRow(count: number, synchronous: Synchronous): Promise<(string | number)[]> {
  return withTempDir(async (dir) => {
    const url = `file:${dir}/queue.db`;
    const { store, database } = await openQueueAt(url, synchronous);
    const found: number[] = [];
    const ping = defineTask({
      type: 'noop',
      input: z.string(),
      run: (sentAt) => {
        found.push(Number(process.hrtime.bigint() - BigInt(sentAt)) / 1e6);
        return null;
      },
    });
    const registry = new TaskRegistry([ping]);
    const executor = new Executor({ store, registry, worker: 'bench', log: silentLog });
    executor.start();
    const idleShare = await cpuShareOf(10_000);
    const [report] = await makers([{ url, count, everyMs: WAKE_EVERY_MS, synchronous }]);
    await executor.stop();
    await database.close();
    found.sort((a, b) => a - b);
    const at = (share: number) => (found[Math.floor(found.length * share)] ?? 0).toFixed(2);
    return [
      synchronous,
      found.length,
      at(0.5),
      at(0.99),
      at(0.9999),
      (report?.callMs ?? 0).toFixed(2),
      `${(idleShare * 100).toFixed(2)} %`,
    ];
  });
}

/** The share of a core that this process takes while it has nothing to do. */
async function cpuShareOf(ms: number): Promise<number> {
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (ms * 1_000);
}
