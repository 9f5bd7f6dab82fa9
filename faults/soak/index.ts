import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { buildProgram } from '../../test/support/program.js';
import { atExit } from '../at-exit.js';
import { FOR_MANY_CLIENTS, makePlace, PLACES, type Place, type PlaceKind } from '../place.js';
import { withQueue } from '../queue.js';
import { unsound } from '../sound.js';
import { walBytes } from '../wal.js';
import { drainSoak } from './drain.js';
import { judge, type Soaked } from './judge.js';
import type { SoakOrders } from './orders.js';
import { prepareSoak } from './prepare.js';
import { Workers } from './workers.js';

const PROCESSES = 16;
/** On a server: clients in all. */
const CLIENTS = 200;
/**
 * Between two calls of a file's process, and of a server's client: within what the server can write. Past
 * that it lets requests wait until they are given up.
 */
const EVERY_MS = { file: 500, sqld: 10_000 } as const;
const SAMPLE_EVERY_MS = 1_000;
/** Processes that keep promises; the others only ask. A server gains nothing from many writes at once. */
const KEEPERS = { file: PROCESSES, sqld: 4 } as const;

/** `npm run soak -- --minutes N`: half of the time on a file, half on a libsql-server; `--on` one, all of it. */
export async function run(options: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: options,
    options: { minutes: { type: 'string', default: '10' }, on: { type: 'string' } },
  });
  const minutes = Number(values.minutes);
  if (!(minutes >= 1)) {
    console.error(`--minutes must be a number from 1 (received ${JSON.stringify(values.minutes)})`);
    return false;
  }
  const places = PLACES.filter((kind) => values.on === undefined || values.on === kind);
  if (places.length === 0) {
    console.error(`--on must be ${PLACES.join(' or ')} (received ${JSON.stringify(values.on)})`);
    return false;
  }
  const program = await buildProgram('faults/soak/actor.ts');
  const removeProgram = atExit(() => program.remove());
  const ms = (minutes / places.length) * 60_000;
  let isWell = true;
  try {
    for (const kind of places) {
      const { told, faults } = judge(await soakAt(kind, { ms, program: program.path }));
      console.log(`${kind}: ${told}`);
      for (const fault of faults) console.log(`  FAULT: ${fault}`);
      isWell &&= faults.length === 0;
    }
  } finally {
    removeProgram();
  }
  return isWell;
}

interface SoakOptions {
  readonly ms: number;
  /** The path of `actor.ts`, built. */
  readonly program: string;
}

async function soakAt(kind: PlaceKind, options: SoakOptions): Promise<Soaked> {
  const place = await makePlace(kind, FOR_MANY_CLIENTS);
  try {
    return await soak(place, options);
  } finally {
    await place.close();
  }
}

async function soak(place: Place, { ms, program }: SoakOptions): Promise<Soaked> {
  await withQueue(place.url, prepareSoak);
  const workers = new Workers(program, ordersAt(place));
  try {
    await workers.begun();
    const walBytesMax = await watchWal(queueFile(place), ms);
    const stuck = await workers.stop();
    const left = await withQueue(place.url, drainSoak);
    const { died } = workers;
    await workers.end();
    const wrong = await withQueue(place.url, unsound);
    return { kind: place.kind, samples: workers.samples, walBytesMax, died, stuck, left, wrong };
  } finally {
    await workers.end();
  }
}

function ordersAt({ kind, url }: Place): SoakOrders[] {
  return Array.from({ length: PROCESSES }, (_, at) => ({
    url,
    clients: kind === 'file' ? 1 : Math.ceil(CLIENTS / PROCESSES),
    everyMs: EVERY_MS[kind],
    keeps: at < KEEPERS[kind],
    prunes: at === 0,
    sampleEveryMs: SAMPLE_EVERY_MS,
  }));
}

/** Where a server keeps it is its own matter: it is only looked at. */
function queueFile({ kind, url, directory }: Place): string {
  return kind === 'file' ? url.slice('file:'.length) : join(directory, 'sqld/dbs/default/data');
}

/** The most that the WAL needs within `ms`. */
async function watchWal(path: string, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let bytesMax = 0;
  while (performance.now() < end) {
    await sleep(500);
    bytesMax = Math.max(bytesMax, walBytes(path));
  }
  return bytesMax;
}
