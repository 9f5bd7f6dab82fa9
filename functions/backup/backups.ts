import type { Backups } from '../../src/tasks/index.js';
import type { Settings } from '../env.js';
import { pruneBackups } from './prune.js';
import { takeBackup } from './take.js';

/** Takes backups as the settings say; undefined when they name no directory. */
export function backupsOf(settings: Settings): Backups | undefined {
  const { HOLDFAST_BACKUP_DIRECTORY: directory, HOLDFAST_BACKUP_KEEP: keep } = settings;
  if (directory === undefined) return undefined;
  return {
    everyMs: settings.HOLDFAST_BACKUP_EVERY,
    take: async (signal) => {
      const { path, manifest } = await takeBackup(settings, directory, signal);
      // Only after the new one is whole.
      const deleted = await pruneBackups(directory, keep);
      return {
        path,
        queueBytes: manifest.queue.bytes,
        systemBytes: manifest.system.bytes,
        deleted,
      };
    },
  };
}
