import {
  checkBackup,
  pruneBackups,
  restoreBackup,
  summaryOf,
  takeBackup,
} from '../../functions/backup.js';
import { type HoldfastConfig, parseConfig } from '../../functions/config.js';
import { readSettings } from '../../functions/env.js';
import { HoldfastError } from '../core/index.js';

type Env = Readonly<Record<string, unknown>>;

export interface BackupArguments {
  readonly keep?: string;
}

/** Takes a backup of both databases, and says where it is. */
export async function runBackup(
  env: Env,
  config: HoldfastConfig,
  directory: string | undefined,
  { keep }: BackupArguments,
): Promise<void> {
  const given = {
    ...env,
    ...(directory === undefined ? {} : { HOLDFAST_BACKUP_DIRECTORY: directory }),
    ...(keep === undefined ? {} : { HOLDFAST_BACKUP_KEEP: keep }),
  };
  const settings = readSettings(given, 'node', parseConfig(config).settings);
  const { HOLDFAST_BACKUP_DIRECTORY: into, HOLDFAST_BACKUP_KEEP: count } = settings;
  if (into === undefined) {
    const message = 'a directory must be given, or HOLDFAST_BACKUP_DIRECTORY be set';
    throw new HoldfastError('setting-invalid', message);
  }
  const backup = await takeBackup(settings, into);
  console.log(`${backup.path}: ${summaryOf(backup)}`);
  if (keep === undefined) return;
  console.log(`${await pruneBackups(into, count)} older ones deleted`);
}

/** Checks a backup and, unless only that is wanted, puts both databases back. */
export async function runRestore(
  env: Env,
  config: HoldfastConfig,
  path: string,
  checkOnly: boolean,
): Promise<void> {
  if (checkOnly) {
    const manifest = await checkBackup(path);
    console.log(`whole: ${summaryOf({ path, manifest })}`);
    return;
  }
  const settings = readSettings(env, 'node', parseConfig(config).settings);
  for (const { name, target, kept } of await restoreBackup(path, settings)) {
    const before = kept === null ? '' : `; what was there is now ${kept}`;
    console.log(`${name}: restored to ${target}${before}`);
  }
}
