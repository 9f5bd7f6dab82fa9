import { type Clock, type Json, systemClock } from '../../core/index.js';
import { type Database, readSpace } from '../../db/index.js';
import type { MaintenanceTask } from './maintenance-task.js';
import { runParts } from './parts.js';

/** Work begins when more than `most` of a file is empty, and leaves `least`, which the next rows will fill. */
const SHARE = { most: 0.25, least: 0.1 } as const;
/** Files with less to give back are left alone. */
const FREE_BYTES_MIN = 4_194_304;
/** A mebibyte of 4 KiB pages: a write of some milliseconds. */
const SLICE_PAGES = 256;
/** After each write others have the lock for so many times as long. */
const PAUSE = { times: 3, msMax: 250 } as const;

/**
 * Gives empty pages of files back, in slices, when much of a file is empty. What does not fit
 * into a run is the next one's.
 */
export function vacuumTask(
  databases: readonly Database[],
  intervalMs: number,
  clock: Clock = systemClock,
): MaintenanceTask {
  return {
    name: 'vacuum',
    // Elsewhere there is nothing to do, and it is not scheduled.
    intervalMs: databases.some(({ topology }) => topology === 'file') ? intervalMs : null,
    run: ({ signal }) =>
      runParts(
        databases.map((database) => ({
          name: database.name,
          run: () => vacuum(database, signal, clock),
        })),
      ),
  };
}

async function vacuum(database: Database, signal: AbortSignal, clock: Clock): Promise<Json> {
  if (database.topology !== 'file') {
    return { outcome: database.topology === 'memory' ? 'skipped' : 'managed' };
  }
  const options = { label: 'maintenance.vacuum', signal };
  const { pages, freePages, pageSizeBytes, incremental } = await readSpace(database, options);
  const figures = { pages, freePages };
  if (!incremental)
    return { outcome: 'skipped', reason: 'auto_vacuum is not incremental', ...figures };
  const isMuch = freePages * pageSizeBytes >= FREE_BYTES_MIN && freePages > pages * SHARE.most;
  const wanted = isMuch ? Math.floor(freePages - pages * SHARE.least) : 0;
  let given = 0;
  while (given < wanted && !signal.aborted) {
    const startedAt = clock.monotonic();
    const slice = Math.min(SLICE_PAGES, wanted - given);
    await database.vacuum(slice, options);
    given += slice;
    await clock.sleep(Math.min((clock.monotonic() - startedAt) * PAUSE.times, PAUSE.msMax), signal);
  }
  return { outcome: 'done', ...figures, givenBackPages: given, done: given >= wanted };
}
