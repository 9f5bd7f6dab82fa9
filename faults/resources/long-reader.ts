import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { forkProgram } from '../children.js';
import { withQueue } from '../queue.js';
import { leftIn } from '../soak/drain.js';
import type { SoakOrders } from '../soak/orders.js';
import { prepareSoak } from '../soak/prepare.js';
import { Workers } from '../soak/workers.js';
import { unsound } from '../sound.js';
import { broughtIn, walBytes } from '../wal.js';
import type { ResourceNews, ResourceOrders } from './orders.js';
import { mib, type Shown, seconds } from './shown.js';

export interface LongReaderOptions {
  /** Of the rig's own. */
  readonly directory: string;
  readonly readerMs: number;
  /** The size of the WAL at which a checkpoint begins. */
  readonly walBytesMax: number;
  /** Paths of `actor.ts` of this rig and of the soak, built. */
  readonly actor: string;
  readonly soaker: string;
}

const WORKERS = 4;
const EVERY_MS = 20;
const SAMPLE_EVERY_MS = 250;
const BEGUN_MS_MAX = 300_000;

/** A reader stays open while other processes make and keep promises; then it goes. */
export async function longReader(options: LongReaderOptions): Promise<Shown> {
  const { directory, readerMs, walBytesMax } = options;
  const path = join(directory, 'read.db');
  const url = `file:${path}`;
  await withQueue(url, prepareSoak);
  const workers = new Workers(options.soaker, ordersOf(url, walBytesMax));
  let reader: ChildProcess | undefined;
  try {
    await workers.begun();
    reader = forkProgram(options.actor, { url, what: 'read' } satisfies ResourceOrders);
    await answer(reader);
    const [madeBefore, walBefore] = [workers.totals.made, walBytes(path)];
    await sleep(readerMs);
    // What the reader is in the way of grows; a slow machine is given the time to show it.
    const end = performance.now() + BEGUN_MS_MAX;
    const hasShown = () => walBytes(path) > 2 * walBytesMax && workers.totals.made > madeBefore;
    while (!hasShown() && performance.now() < end) await sleep(50);
    const [madeMeanwhile, walMeanwhile] = [workers.totals.made - madeBefore, walBytes(path)];
    const answered = answer(reader);
    reader.send('let go');
    const read = await answered;
    const tookMs = await broughtIn(path, 2 * walBytesMax);
    const { died } = workers;
    const stuck = await workers.stop();
    await workers.end();
    const { made, lookedFor, lost, errors } = workers.totals;
    const { completed } = await withQueue(url, leftIn);
    return {
      told: [
        `a reader open for ${seconds(readerMs)}: ${madeMeanwhile} promises made meanwhile by ${WORKERS} processes; ${lookedFor} of ${made} looked for in the end, ${lost} lost`,
        `  the WAL grew from ${mib(walBefore)} to ${mib(walMeanwhile)}, and was back within ${mib(2 * walBytesMax)} ${tookMs === undefined ? 'not in time' : `${seconds(tookMs)} after the reader had gone`}`,
      ],
      faults: [
        ...(madeMeanwhile === 0 || completed === 0 ? ['nothing was made and kept'] : []),
        ...(died > 0 ? [`${died} processes ended`] : []),
        ...(stuck > 0 ? [`${stuck} processes did not come to their end`] : []),
        ...(lookedFor < made ? [`${made - lookedFor} of ${made} were never looked for`] : []),
        ...(walMeanwhile <= 2 * walBytesMax ? ['the WAL did not grow: nothing was shown'] : []),
        ...(read.kind === 'read' && read.isSame ? [] : ['the reader saw what came after it']),
        ...(tookMs === undefined ? ['the WAL was not brought in'] : []),
        ...(lost > 0 ? [`${lost} acknowledged and not there`] : []),
        ...Object.entries(errors).map(([text, count]) => `${count} errors ${text}`),
        ...(await withQueue(url, unsound)),
      ],
    };
  } finally {
    reader?.kill('SIGKILL');
    await workers.end();
  }
}

async function answer(reader: ChildProcess): Promise<ResourceNews> {
  const [news] = await Promise.race([
    once(reader, 'message'),
    once(reader, 'exit').then(() => Promise.reject(new Error('the reader ended'))),
  ]);
  return news as ResourceNews;
}

function ordersOf(url: string, walBytesMax: number): SoakOrders[] {
  return Array.from({ length: WORKERS }, (_, at) => ({
    url,
    clients: 1,
    everyMs: EVERY_MS,
    keeps: true,
    prunes: at === 0,
    sampleEveryMs: SAMPLE_EVERY_MS,
    walBytesMax,
  }));
}
