import { once } from 'node:events';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../src/core/index.js';
import { migrate } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations } from '../../src/promises/index.js';
import { freePort } from '../../test/support/free-port.js';
import { atExit } from '../at-exit.js';
import { forkProgram, killAll } from '../children.js';
import { withQueue } from '../queue.js';
import { unsound } from '../sound.js';
import { Victim } from '../victim.js';
import { broughtIn, WAL_BYTES_BOUND, walBytes } from '../wal.js';
import { FILLED, type ResourceNews, type ResourceOrders } from './orders.js';
import { mib, type Shown, seconds } from './shown.js';

export interface LargeWalOptions {
  /** Of the rig's own. */
  readonly directory: string;
  readonly walBytesMin: number;
  /** Paths of `actor.ts` and of the server, built. */
  readonly actor: string;
  readonly server: string;
}

const KEY = 'a key for the time of one rig, gone with it';
const BEGUN_MS_MAX = 300_000;
const FILLED_MS_MAX = 900_000;
const LOOK_AT_ONCE = 1_000;
/** Of the promises, so many are asked of the server one by one. */
const ASKED = 20;

/** A process leaves a large WAL and dies; a process with the engine and a server begin over it. */
export async function largeWal(options: LargeWalOptions): Promise<Shown> {
  const path = join(options.directory, 'queue.db');
  const made = await leaveWal(path, options);
  const left = `a killed process left a WAL of ${mib(walBytes(path))} with ${made.length} promises acknowledged`;
  const served = join(options.directory, 'served');
  mkdirSync(served);
  for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, join(served, `queue.db${end}`));
  const shown = [await begun(path, made), await servedOver(served, made, options.server)];
  return {
    told: [left, ...shown.flatMap(({ told }) => told)],
    faults: shown.flatMap(({ faults }) => faults),
  };
}

async function leaveWal(path: string, { actor, walBytesMin }: LargeWalOptions): Promise<string[]> {
  const made: string[] = [];
  const child = forkProgram(actor, { url: `file:${path}`, what: 'fill' } satisfies ResourceOrders);
  const gone = once(child, 'exit', { signal: AbortSignal.timeout(FILLED_MS_MAX) });
  child.on('message', (news: ResourceNews) => {
    if (news.kind !== 'made') return;
    made.push(...news.ids);
    if (walBytes(path) >= walBytesMin) child.kill('SIGKILL');
  });
  try {
    const [code, signal] = await gone;
    if (signal !== 'SIGKILL') throw new Error(`the process that fills ended by itself (${code})`);
    return made;
  } finally {
    await killAll([child]);
  }
}

/** As a process with the engine in it begins. */
async function begun(path: string, made: readonly string[]): Promise<Shown> {
  const startedAt = performance.now();
  return await withQueue(`file:${path}`, async (database) => {
    await migrate(database, promiseMigrations);
    const store = new PromiseStore(database);
    await store.get(made[0] ?? '');
    const openMs = performance.now() - startedAt;
    const lost = await countLost(store, made);
    let longestMs = 0;
    const write = async () => {
      const at = performance.now();
      await store.enqueue([{ id: newId(), type: FILLED }]);
      longestMs = Math.max(longestMs, performance.now() - at);
    };
    await write();
    const tookMs = await broughtIn(path, WAL_BYTES_BOUND, write);
    return {
      told: [
        `the engine over it: open, migrated and read in ${seconds(openMs)}; ${lost} of ${made.length} lost`,
        `  ${told(path, tookMs)}; the longest write meanwhile took ${seconds(longestMs)}`,
      ],
      faults: [...faultsOf('the engine', lost, tookMs), ...(await unsound(database))],
    };
  });
}

/** `holdfast start` over it. */
async function servedOver(
  directory: string,
  made: readonly string[],
  program: string,
): Promise<Shown> {
  const path = join(directory, 'queue.db');
  const port = await freePort();
  const env = {
    PORT: `${port}`,
    HOLDFAST_API_KEY: KEY,
    QUEUE_DATABASE_URL: `file:${path}`,
  };
  const startedAt = performance.now();
  const server = Victim.server(program, { cwd: directory, env });
  atExit(() => server.signal('SIGKILL'));
  try {
    while (!server.isReady) {
      if (performance.now() - startedAt > BEGUN_MS_MAX)
        throw new Error('the server does not begin');
      await sleep(10);
    }
    const base = `http://127.0.0.1:${port}/v1/promises`;
    await post(base);
    const beginMs = performance.now() - startedAt;
    const step = Math.ceil(made.length / ASKED);
    const asked = made.filter((_id, at) => at % step === 0);
    const found = await Promise.all(asked.map((id) => fetch(`${base}/${id}`, { headers })));
    const missing = found.filter(({ status }) => status !== 200).length;
    const tookMs = await broughtIn(path, WAL_BYTES_BOUND, () => post(base));
    const walTold = told(path, tookMs);
    await server.kill();
    const { lost, wrong } = await lookAfter(path, made);
    return {
      told: [
        `holdfast start over it: the first promise was made after ${seconds(beginMs)}; ${lost} of ${made.length} lost`,
        `  ${walTold}`,
      ],
      faults: [
        ...(missing > 0 ? [`the server does not answer ${missing} of ${asked.length}`] : []),
        ...faultsOf('the server', lost, tookMs),
        ...wrong,
      ],
    };
  } finally {
    await server.kill();
  }
}

const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' };

async function post(url: string): Promise<void> {
  const body = JSON.stringify({ type: FILLED });
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`the server answers ${response.status}: ${text}`);
}

function lookAfter(path: string, made: readonly string[]) {
  return withQueue(`file:${path}`, async (database) => {
    const lost = await countLost(new PromiseStore(database), made);
    return { lost, wrong: await unsound(database) };
  });
}

async function countLost(store: PromiseStore, made: readonly string[]): Promise<number> {
  let found = 0;
  for (let start = 0; start < made.length; start += LOOK_AT_ONCE) {
    found += (await store.known(made.slice(start, start + LOOK_AT_ONCE))).size;
  }
  return made.length - found;
}

function told(path: string, tookMs: number | undefined): string {
  const took = tookMs === undefined ? 'not in time' : `after ${seconds(tookMs)} of writes`;
  return `WAL brought in ${took}: ${mib(walBytes(path))}`;
}

function faultsOf(who: string, lost: number, tookMs: number | undefined): string[] {
  return [
    ...(lost > 0 ? [`${who}: ${lost} acknowledged and not there`] : []),
    ...(tookMs === undefined ? [`${who}: the WAL does not shrink to its bound`] : []),
  ];
}
