import {
  type ErrorCode,
  HoldfastError,
  type Log,
  systemClock,
  waitAtMost,
} from '../src/core/index.js';
import { type Database, type Migration, migrate } from '../src/db/index.js';
import { type Databases, MIGRATIONS } from './databases.js';

/** How long a server that starts waits for its databases before it goes on without them. */
const START_MS_MAX = 5_000;
/** From a try that failed to the next. */
const AGAIN_MS = 1_000;

interface Until {
  readonly log: Log;
  /** Aborted when nobody needs the schema any more. */
  readonly signal: AbortSignal;
}

/** The schema of a server that runs. */
export interface Schema {
  /** Promises can be kept. */
  readonly isUpToDate: boolean;
  /** Resolves when they can be, or when the server stops. */
  readonly whenUpToDate: Promise<void>;
  /** Resolves when nothing of it is under way any more. */
  readonly ended: Promise<unknown>;
}

/**
 * Brings both databases to the newest schema. One that is away is asked again until it answers,
 * and a server starts without it.
 * @throws HoldfastError what no waiting mends, when that shows while the server waits for it
 */
export async function openSchema(
  { queue, system }: Databases,
  { log, signal }: Until,
): Promise<Schema> {
  const failed = new AbortController();
  const until = { log, signal: AbortSignal.any([signal, failed.signal]) };
  const ofQueue = new Upgrade(queue, MIGRATIONS.queue, until);
  const ofSystem = new Upgrade(system, MIGRATIONS.system, until);
  const ended = Promise.all([ofQueue.ended, ofSystem.ended]);
  try {
    await waitAtMost(Promise.all([ofQueue.begun, ofSystem.begun]), START_MS_MAX);
  } catch (error) {
    failed.abort();
    await ended;
    throw error;
  }
  for (const { database, hasBegun } of [ofQueue, ofSystem])
    if (!hasBegun) log.warn('migration-waits', { database: database.name });
  return {
    get isUpToDate() {
      return ofQueue.isDone;
    },
    whenUpToDate: ofQueue.ended,
    ended,
  };
}

/** Tries to bring a database to its newest schema until that is done. */
class Upgrade {
  isDone = false;
  hasBegun = false;
  /** Resolves after the first try. Rejects when it showed that no other can succeed. */
  readonly begun: Promise<void>;
  /** Resolves when it is done, or nobody needs it. Never rejects. */
  readonly ended: Promise<void>;

  constructor(
    readonly database: Database,
    private readonly migrations: readonly Migration[],
    private readonly until: Until,
  ) {
    const first = this.#try();
    this.begun = first
      .catch((error: unknown) => {
        if (!isPassing(error)) throw error;
      })
      .finally(() => {
        this.hasBegun = true;
      });
    this.ended = this.#insist(first);
  }

  async #try(): Promise<void> {
    await migrate(this.database, this.migrations, { signal: this.until.signal });
    this.isDone = true;
  }

  async #insist(first: Promise<void>): Promise<void> {
    const { log, signal } = this.until;
    const told = new Set<ErrorCode | 'unexpected'>();
    for (let attempt = first; ; attempt = this.#try()) {
      try {
        return await attempt;
      } catch (error) {
        if (signal.aborted) return;
        const code = error instanceof HoldfastError ? error.code : 'unexpected';
        // Once for each cause, however long it lasts.
        if (!told.has(code)) log.error('migration-failed', { database: this.database.name, error });
        told.add(code);
      }
      await systemClock.sleep(AGAIN_MS, signal);
      if (signal.aborted) return;
    }
  }
}

/** Also when it is not known whether a step was done: that is looked up before the next try. */
function isPassing(error: unknown): boolean {
  return error instanceof HoldfastError && (error.retryable || error.code === 'commit-unknown');
}
