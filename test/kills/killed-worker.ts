/**
 * A process to be killed: it recovers, prunes or fires, says `write` after each write, and
 * `done` when nothing is left.
 */
import { openDatabase } from '../../src/db/index.js';
import { PromiseStore, Schedules } from '../../src/promises/index.js';
import { FaultyDatabase } from '../../src/testing/index.js';

export const KINDS = ['recover', 'prune', 'fire'] as const;

export interface WorkerOrders {
  readonly url: string;
  readonly kind: (typeof KINDS)[number];
  readonly now: number;
  /** It goes one write further at most, and then stands still. */
  readonly writesMax?: number;
}

/** Small, so that there are many moments to die in. */
const SLICE = 5;

class SayingDatabase extends FaultyDatabase {
  #writesLeft = Number.POSITIVE_INFINITY;

  haltAfter(writesMax: number): void {
    this.#writesLeft = writesMax;
  }

  override async write(...args: Parameters<FaultyDatabase['write']>) {
    const results = await super.write(...args);
    process.stdout.write('write\n');
    this.#writesLeft -= 1;
    if (this.#writesLeft < 0) await new Promise(() => setInterval(() => {}, 1_000));
    return results;
  }
}

async function work({ url, kind, now, writesMax }: WorkerOrders): Promise<void> {
  const opened = await openDatabase({ name: 'queue', url, profile: 'queue' });
  const database = new SayingDatabase(opened);
  if (writesMax !== undefined) database.haltAfter(writesMax);
  const clock = () => now;
  const store = new PromiseStore(database, { clock });
  const schedules = new Schedules(database, { clock });
  const slices = {
    recover: async () => !(await store.recover({ limit: SLICE })).more,
    prune: async () => (await store.prune({ settledBeforeMs: 60_000, limit: SLICE })).done,
    fire: async () => !(await schedules.fireDue()).more,
  };
  let isDone = false;
  while (!isDone) isDone = await slices[kind]();
  process.stdout.write('done\n');
  await database.close();
}

if (process.argv[2] !== undefined) await work(JSON.parse(process.argv[2]) as WorkerOrders);
