import type { HoldfastConfig } from '../../functions/config.js';
import { parseConfig } from '../../functions/config.js';
import { makeDataDirectories } from '../../functions/data-directory.js';
import { migrateDatabases, openDatabases } from '../../functions/databases.js';
import { readSettings } from '../../functions/env.js';
import { silentLog } from '../core/index.js';

/** Brings both databases to the newest schema, and tells what was done. */
export async function runMigrate(
  env: Readonly<Record<string, unknown>>,
  config: HoldfastConfig,
): Promise<void> {
  const settings = readSettings(env, 'node', parseConfig(config).settings);
  await makeDataDirectories(settings);
  const databases = await openDatabases(settings, silentLog);
  try {
    for (const [name, { applied, version }] of Object.entries(await migrateDatabases(databases))) {
      const done = applied.map((migration) => `${migration.version} ${migration.name}`).join(', ');
      console.log(`${name}: schema ${version}, ${done === '' ? 'up to date' : `applied ${done}`}`);
    }
  } finally {
    await Promise.all([databases.queue.close(), databases.system.close()]);
  }
}
