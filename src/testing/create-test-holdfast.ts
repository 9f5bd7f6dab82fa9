import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../core/index.js';
import { migrate, openDatabase } from '../db/index.js';
import { promiseMigrations } from '../promises/index.js';
import type { AnyTask } from '../tasks/index.js';
import { FaultyDatabase } from './faulty-database.js';
import { TestHoldfast } from './test-holdfast.js';
import { VirtualClock } from './virtual-clock.js';

export interface TestHoldfastOptions {
  /** Default none. */
  readonly tasks?: readonly AnyTask[];
  /**
   * `memory`: gone with the process. `file`: in a temporary directory that `close`
   * removes. Else a URL. Default `memory`.
   */
  readonly database?: 'memory' | 'file' | (string & {});
  /** When time begins, in milliseconds since the epoch. Default 15 January 2027, 08:00 UTC. */
  readonly startAt?: number;
  /** True: `enqueue` keeps the promise before it resolves. Default false. */
  readonly inline?: boolean;
  /** Default none is written. */
  readonly log?: Log;
}

/** Opens a Holdfast for one test; `close` it when the test has ended. Node only. */
export async function createTestHoldfast(options: TestHoldfastOptions = {}): Promise<TestHoldfast> {
  const { tasks = [], startAt, inline = false, log } = options;
  const clock = new VirtualClock(startAt);
  const { url, cleanUp } = await placeOf(options.database ?? 'memory');
  const opened = await openDatabase({ name: 'queue', url, profile: 'queue' });
  await migrate(opened, promiseMigrations);
  const database = new FaultyDatabase(opened, clock);
  const parts = { tasks, clock, database, inline, cleanUp };
  return new TestHoldfast(log === undefined ? parts : { ...parts, log });
}

async function placeOf(
  database: string,
): Promise<{ readonly url: string; readonly cleanUp: () => Promise<void> }> {
  if (database === 'memory') return { url: ':memory:', cleanUp: async () => {} };
  if (database !== 'file') return { url: database, cleanUp: async () => {} };
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-'));
  return {
    url: `file:${join(directory, 'queue.db')}`,
    cleanUp: () => rm(directory, { recursive: true, force: true }),
  };
}
