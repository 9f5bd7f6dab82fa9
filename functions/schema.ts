import { HoldfastError, type Log, systemClock } from '../src/core/index.js';
import { migrate } from '../src/db/index.js';
import { promiseMigrations } from '../src/promises/index.js';
import { recordMigrations } from '../src/records/index.js';
import type { Databases } from './databases.js';

/** How long a server that starts waits for a database before it goes on without it. */
const START_MS_MAX = 10_000;
/** How often a database that is away is asked again. */
const AGAIN_MS = 1_000;

type Migrate = () => Promise<unknown>;

interface Until {
  readonly log: Log;
  /** Aborted when nobody needs the schema any more. */
  readonly signal: AbortSignal;
}

/** The schema of a server. */
export interface Schema {
  /** Promises can be kept. */
  readonly isUpToDate: boolean;
  /** Resolves when they can be, or when the server stops. */
  readonly whenUpToDate: Promise<void>;
}

/**
 * Brings both databases to the newest schema. One that is away is asked again until it answers,
 * and a server starts without it.
 * @throws HoldfastError what no waiting mends
 */
export async function openSchema({ queue, system }: Databases, until: Until): Promise<Schema> {
  const [ofQueue] = await Promise.all([
    begin(() => migrate(queue, promiseMigrations), until),
    begin(() => migrate(system, recordMigrations), until),
  ]);
  const schema = { isUpToDate: ofQueue.isDone, whenUpToDate: ofQueue.whenDone };
  void ofQueue.whenDone.then(() => {
    schema.isUpToDate = !until.signal.aborted;
  });
  return schema;
}

async function begin(
  migrate: Migrate,
  until: Until,
): Promise<{ readonly isDone: boolean; readonly whenDone: Promise<void> }> {
  const isDone = await tried(migrate, until);
  return { isDone, whenDone: isDone ? Promise.resolve() : insist(migrate, until) };
}

/** False when it may succeed later, or takes long. */
async function tried(migrate: Migrate, { log }: Until): Promise<boolean> {
  const over = new AbortController();
  const first = migrate().then(
    () => true,
    (error: unknown) => {
      if (!isPassing(error)) throw error;
      log.error('migration-failed', { error });
      return false;
    },
  );
  const tooLong = systemClock.sleep(START_MS_MAX, over.signal).then(() => false);
  return await Promise.race([first, tooLong]).finally(() => over.abort());
}

async function insist(migrate: Migrate, { signal }: Until): Promise<void> {
  while (!signal.aborted) {
    await systemClock.sleep(AGAIN_MS, signal);
    const isDone = await migrate().then(
      () => true,
      () => false,
    );
    if (isDone) return;
  }
}

/** Also when it is not known whether a step was done: it is looked up before the next is tried. */
function isPassing(error: unknown): boolean {
  return error instanceof HoldfastError && (error.retryable || error.code === 'commit-unknown');
}
