import type { Messages } from '../../records/index.js';
import type { MaintenanceTask } from './maintenance-task.js';
import { runParts } from './parts.js';
import { pruneSlices, recordSlice } from './retention.js';
import type { MaintenanceSettings } from './settings.js';

/** Deletes messages older than their retention, in slices. */
export function cleanupMessagesTask(
  messages: Messages,
  settings: MaintenanceSettings,
): MaintenanceTask {
  const slice = recordSlice(messages, settings.messageRetentionMs, settings.sliceRowsMax);
  return {
    name: 'cleanup-messages',
    intervalMs: settings.cleanupMessagesIntervalMs,
    run: ({ signal }) =>
      runParts([
        {
          name: 'messages',
          run: () => pruneSlices(slice, { slicesMax: settings.slicesMax, signal }),
        },
      ]),
  };
}
