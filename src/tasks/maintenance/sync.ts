import type { Database } from '../../db/index.js';
import type { MaintenanceTask } from './maintenance-task.js';
import { runParts } from './parts.js';

/** Brings embedded replicas up to date. Elsewhere there is nothing to do, and it is not scheduled. */
export function syncTask(databases: readonly Database[], intervalMs: number): MaintenanceTask {
  const replicas = databases.filter((database) => database.capabilities.sync);
  return {
    name: 'sync',
    intervalMs: replicas.length > 0 ? intervalMs : null,
    run: async () => {
      if (replicas.length === 0) return { outcome: 'skipped', counts: {}, reason: why(databases) };
      return runParts(
        replicas.map((database) => ({
          name: database.name,
          run: async () => {
            await database.sync();
            return { synced: true };
          },
        })),
      );
    },
  };
}

function why(databases: readonly Database[]): string {
  const found = databases.map(({ name, topology }) => `${name} is ${topology}`).join(', ');
  return `only an embedded replica can be synced: ${found}`;
}
