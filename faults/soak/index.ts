import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { buildProgram } from '../../test/support/program.js';
import { aliveOf, killAll } from '../children.js';
import { makePlace, PLACES, type Place, type PlaceKind } from '../kill/place.js';
import { unsound } from '../kill/sound.js';
import { withQueue } from '../queue.js';
import { walBytes } from '../wal.js';
import { judge, type Soaked } from './judge.js';
import type { Sample, SoakOrders } from './orders.js';
import { prepareSoak } from './prepare.js';

const PROCESSES = 16;
/** On a server: clients in all. */
const CLIENTS = 200;
/** It turns those away who are more than 128 at once, if it is not told otherwise. */
const SERVER_ARGS = ['--max-concurrent-connections=1000', '--max-concurrent-requests=1000'];
/**
 * Between two calls of a file's process, and of a server's client: within what the server can write. Past
 * that it lets requests wait until they are given up.
 */
const EVERY_MS = { file: 500, sqld: 10_000 } as const;
const SAMPLE_EVERY_MS = 5_000;
/** Processes that keep promises; the others only ask. A server gains nothing from many writes at once. */
const KEEPERS = { file: PROCESSES, sqld: 4 } as const;
const BEGUN_MS_MAX = 300_000;

/** `npm run soak -- --minutes N`: half of the time on a file, half on a libsql-server. */
export async function run(options: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: options,
    options: { minutes: { type: 'string', default: '10' } },
  });
  const minutes = Number(values.minutes);
  if (!(minutes >= 1)) {
    console.error(`--minutes must be a number from 1 (received ${JSON.stringify(values.minutes)})`);
    return false;
  }
  const program = await buildProgram('faults/soak/actor.ts');
  const ms = (minutes / PLACES.length) * 60_000;
  let isWell = true;
  try {
    for (const kind of PLACES) {
      const { told, faults } = judge(await soakAt(kind, { ms, program: program.path }));
      console.log(`${kind}: ${told}`);
      for (const fault of faults) console.log(`  FAULT: ${fault}`);
      isWell &&= faults.length === 0;
    }
  } finally {
    program.remove();
  }
  return isWell;
}

interface SoakOptions {
  readonly ms: number;
  /** The path of `actor.ts`, built. */
  readonly program: string;
}

async function soakAt(kind: PlaceKind, options: SoakOptions): Promise<Soaked> {
  const place = await makePlace(kind, SERVER_ARGS);
  try {
    return await soak(place, kind, options);
  } finally {
    await place.close();
  }
}

async function soak(place: Place, kind: PlaceKind, { ms, program }: SoakOptions): Promise<Soaked> {
  await withQueue(place.url, prepareSoak);
  const samples = new Map<number, Sample[]>();
  const children = Array.from({ length: PROCESSES }, (_, at): ChildProcess => {
    const orders: SoakOrders = {
      url: place.url,
      clients: kind === 'file' ? 1 : Math.ceil(CLIENTS / PROCESSES),
      everyMs: EVERY_MS[kind],
      keeps: at < KEEPERS[kind],
      prunes: at === 0,
      sampleEveryMs: SAMPLE_EVERY_MS,
    };
    const child = fork(program, { execArgv: [] });
    const own: Sample[] = [];
    samples.set(at, own);
    child.on('message', (sample: Sample) => own.push(sample));
    child.send(orders);
    return child;
  });
  await allBegun([...samples.values()]);
  const end = performance.now() + ms;
  let walBytesMax = 0;
  while (performance.now() < end) {
    await sleep(500);
    if (kind === 'file')
      walBytesMax = Math.max(walBytesMax, walBytes(place.url.slice('file:'.length)));
  }
  const died = PROCESSES - aliveOf(children).length;
  await killAll(children);
  const wrong = await withQueue(place.url, unsound);
  return { samples: [...samples.values()], walBytesMax, died, wrong };
}

/** Sixteen processes take a while to begin. */
async function allBegun(samples: readonly (readonly Sample[])[]): Promise<void> {
  const end = performance.now() + BEGUN_MS_MAX;
  while (samples.some((own) => own.length === 0)) {
    if (performance.now() > end) throw new Error('not every process has begun');
    await sleep(100);
  }
}
