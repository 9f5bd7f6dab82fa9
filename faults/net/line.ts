import { systemClock } from '../../src/core/index.js';
import {
  type Database,
  type OpenOptions,
  openDatabase,
  type SqlClock,
} from '../../src/db/index.js';
import { PromiseStore, Schedules } from '../../src/promises/index.js';
import type { Databases } from './databases.js';
import type { Network } from './network.js';
import {
  type Attempt,
  EARLIER_MS,
  type Engine,
  OPERATIONS,
  type Subject,
} from './operations/index.js';
import { WatchedDatabase } from './watched-database.js';

/** The longest that one call of the database may take, in milliseconds. */
export const DEADLINE_MS = 700;
const REQUEST_TIMEOUT_MS = 300;
/** What is prepared past the network has time, on a busy machine too. */
const PATIENT = { settings: { busyDeadlineMs: 10_000 } } as const;

/** An engine and its database, with a network between them that can fail, and a way past it. */
export interface Line {
  readonly network: Network;
  readonly database: WatchedDatabase;
  readonly subject: Subject;
  close(): Promise<void>;
}

/** @param isHurried whether calls are given up early, as they are to be under a fault */
export async function openLine(
  databases: Databases,
  { isHurried }: { readonly isHurried: boolean },
): Promise<Line> {
  const name = await databases.fork();
  const [network, past] = await Promise.all([databases.through(name), databases.through(name)]);
  const limits = isHurried
    ? { settings: { busyDeadlineMs: DEADLINE_MS }, requestTimeoutMs: REQUEST_TIMEOUT_MS }
    : PATIENT;
  const database = new WatchedDatabase(await open(network, limits));
  const direct = await open(past, PATIENT);
  return {
    network,
    database,
    subject: {
      ...engineOf(database, isHurried ? { deadlineMs: DEADLINE_MS } : {}),
      type: 'net',
      aside: engineOf(direct),
      earlier: engineOf(direct, { clock: () => systemClock.now() - EARLIER_MS }),
      direct,
      made: new Set(),
    },
    close: async () => {
      await Promise.all([database.close(), direct.close()]);
      await Promise.all([network.stop(), past.stop()]);
    },
  };
}

/** What an operation needs is there after this. */
export async function prepare({ subject }: Line, operation: string): Promise<Attempt> {
  const attempt = await OPERATIONS[operation]?.(subject);
  if (attempt === undefined) throw new RangeError(`no operation ${operation}`);
  return attempt;
}

function open(
  { url }: Network,
  limits: Pick<OpenOptions, 'settings' | 'requestTimeoutMs'>,
): Promise<Database> {
  return openDatabase({ name: 'queue', url, profile: 'queue', ...limits });
}

function engineOf(
  database: Database,
  options: { readonly clock?: SqlClock; readonly deadlineMs?: number } = {},
): Engine {
  return {
    store: new PromiseStore(database, options),
    schedules: new Schedules(database, options),
  };
}
