import type { Checkpoint, Database } from '../../db/index.js';
import type { MaintenanceTask } from './maintenance-task.js';
import { runParts } from './parts.js';

/** A checkpoint as its run's record and the health report have it. */
export type CheckpointFigures = Omit<Checkpoint, 'walBytesBefore' | 'walBytesAfter'> & {
  /** Size of the `-wal` file after it; null where there is none to see. */
  readonly walBytes: number | null;
};

export function checkpointFigures(checkpoint: Checkpoint): CheckpointFigures {
  const { walBytesBefore: _, walBytesAfter: walBytes, durationMs, ...rest } = checkpoint;
  return { ...rest, durationMs: Math.round(durationMs), walBytes };
}

/** One checkpoint round of each database; where the server does it by itself, `managed`. */
export function checkpointTask(
  databases: readonly Database[],
  intervalMs: number,
): MaintenanceTask {
  return {
    name: 'checkpoint',
    intervalMs,
    run: ({ signal }) =>
      runParts(
        databases.map((database) => ({
          name: database.name,
          run: async () => {
            const options = { label: 'maintenance.checkpoint', signal };
            return checkpointFigures(await database.checkpoint(options));
          },
        })),
      ),
  };
}
