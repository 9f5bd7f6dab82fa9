import { stat } from 'node:fs/promises';
import { silentLog } from '../src/core/index.js';
import { localPath } from '../src/db/index.js';
import { PromiseStore } from '../src/promises/index.js';
import { MaintenanceRuns } from '../src/records/index.js';
import { AesVault, type AnyTask, TaskRegistry } from '../src/tasks/index.js';
import { MIGRATIONS, openDatabases } from './databases.js';
import type { Settings } from './env.js';
import { type Check, notOk } from './verification/check.js';
import { checkCron } from './verification/cron.js';
import { checkDatabase } from './verification/databases.js';
import { checkApiKey, checkEncryption } from './verification/keys.js';
import { checkRoundTrip } from './verification/round-trip.js';

export type { Check } from './verification/check.js';

export interface VerifyOptions {
  readonly settings: Settings;
  readonly tasks: readonly AnyTask[];
  /** Whether a promise is made and kept. */
  readonly promise: boolean;
}

const START_FIRST = 'Run holdfast migrate, or start the service once.';

/** Checks all that a service with these settings needs. Makes no file; all that it writes is one promise. */
export async function verify({ settings, tasks, promise }: VerifyOptions): Promise<Check[]> {
  const vault = () =>
    new AesVault(settings.HOLDFAST_ENCRYPTION_KEYS ?? [], new TaskRegistry(tasks));
  const missing = await missingFiles(settings);
  if (missing.length > 0) {
    return [...missing, checkApiKey(settings), await checkEncryption(vault, undefined)];
  }
  const databases = await openDatabases(settings, silentLog);
  try {
    const queue = await checkDatabase(databases.queue, MIGRATIONS.queue);
    const system = await checkDatabase(databases.system, MIGRATIONS.system);
    const store = queue.usable ? storeOf(databases.queue, settings, vault) : undefined;
    const runs = system.usable ? new MaintenanceRuns(databases.system) : undefined;
    return [
      ...queue.checks,
      ...system.checks,
      checkApiKey(settings),
      await checkEncryption(vault, store),
      runs === undefined ? skipped('cron') : await checkCron(runs),
      ...(promise ? [store === undefined ? skipped('promise') : await checkRoundTrip(store)] : []),
    ];
  } finally {
    await Promise.all([databases.queue.close(), databases.system.close()]);
  }
}

/** Opening would make them. */
async function missingFiles(settings: Settings): Promise<Check[]> {
  const checks: Check[] = [];
  for (const name of ['queue', 'system'] as const) {
    const url = settings[name === 'queue' ? 'QUEUE_DATABASE_URL' : 'SYSTEM_DATABASE_URL'];
    if (!url.startsWith('file:')) continue;
    const path = localPath(url);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined) continue;
    checks.push(notOk(`${name}: reachable`, 'fault', `there is no file ${path}`, START_FIRST));
  }
  return checks;
}

/** Without the vault where it cannot be made: that is a fault of its own. */
function storeOf(
  queue: Parameters<typeof checkDatabase>[0],
  settings: Settings,
  vault: () => AesVault,
): PromiseStore {
  const deadlineMs = settings.HOLDFAST_BUSY_DEADLINE;
  try {
    return new PromiseStore(queue, { deadlineMs, vault: vault() });
  } catch {
    return new PromiseStore(queue, { deadlineMs });
  }
}

function skipped(name: string): Check {
  return notOk(name, 'skipped', 'the database is not ready', 'Put what is above right first.');
}
