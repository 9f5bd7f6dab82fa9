import { formatDuration, systemClock } from '../../src/core/index.js';
import type { MaintenanceRuns } from '../../src/records/index.js';
import { MAINTENANCE_DEFAULTS } from '../../src/tasks/index.js';
import { type Check, notOk, ok } from './check.js';

/** Recovery runs every 5 minutes wherever a cron ticks: two that are missing are no jitter. */
const LATE_MS = 2 * MAINTENANCE_DEFAULTS.recoveryIntervalMs + 60_000;

/** Whether something ticks: a server, or the Worker's cron trigger. */
export async function checkCron(runs: MaintenanceRuns): Promise<Check> {
  const name = 'cron';
  const { data } = await runs.list({ task: 'recovery', limit: 20 });
  const last = data.find(({ trigger }) => trigger !== 'manual');
  const advice =
    'On a Worker set the cron trigger "* * * * *" (wrangler.toml); else start a server. Before the first deployment this is as it should be.';
  if (last === undefined) return notOk(name, 'warning', 'never seen', advice);
  const agoMs = systemClock.now() - last.finishedAt;
  const found = `last seen ${formatDuration(Math.max(0, Math.round(agoMs / 1_000) * 1_000))} ago`;
  return agoMs <= LATE_MS ? ok(name, found) : notOk(name, 'warning', found, advice);
}
