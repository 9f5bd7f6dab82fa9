import type { Inbox } from '../inbox.js';
import type { MaintenanceTask } from './maintenance-task.js';

/** Makes promises of messages that were left, and notes what became of the others. */
export function sweepMessagesTask(
  inbox: Pick<Inbox, 'sweep'>,
  intervalMs: number,
): MaintenanceTask {
  return {
    name: 'sweep-messages',
    intervalMs,
    run: async () => ({ outcome: 'completed', counts: { ...(await inbox.sweep()) } }),
  };
}
