import { z } from 'zod';
import { json } from '../../src/core/index.js';
import type { Database } from '../../src/db/index.js';
import type { DatabaseHealth } from '../../src/tasks/index.js';
import { checkpointViewOf } from './health.js';
import { defineOperation } from './operation.js';
import { isoOf } from './promise-view.js';

const databaseView = z.object({
  name: z.string(),
  topology: z.enum(['file', 'replica', 'remote', 'memory']),
  ok: z.boolean().describe('false: it could not be read just now'),
  managedBy: z.enum(['holdfast', 'server']).nullable(),
  settings: z.record(z.string(), json).nullable().describe('as read back from the database'),
  wanted: z.record(z.string(), json).nullable(),
  deviations: z.array(z.record(z.string(), json)).describe('where the two differ, and why'),
  capabilities: z.record(z.string(), json),
  walBytes: z.int().nullable(),
  lastCheckpoint: z.record(z.string(), json).nullable(),
  telemetry: z.record(z.string(), json),
  error: z.string().optional(),
});

const list = defineOperation({
  id: 'listDatabases',
  method: 'get',
  path: '/v1/databases',
  summary: 'Both databases: topology, verified settings, capabilities, WAL, locks, last checkpoint',
  access: 'read',
  answers: { 200: { description: 'both', schema: z.object({ data: z.array(databaseView) }) } },
  handle: async ({ services }) => {
    const { databases } = await services.health.report();
    const byName = new Map(databases.map((database) => [database.name, database]));
    const data = [services.queue, services.system].map((database) =>
      viewOf(database, byName.get(database.name)),
    );
    return { body: { data } };
  },
});

export const databaseOperations = [list];

function viewOf(database: Database, seen: DatabaseHealth | undefined) {
  const { settings = null, deviations = [], lastCheckpoint = null } = seen ?? {};
  const telemetry = database.telemetry();
  return {
    name: database.name,
    topology: database.topology,
    ok: seen?.ok ?? false,
    managedBy: seen?.managedBy ?? null,
    settings,
    wanted: settings === null ? null : { ...settings, ...wantedOf(deviations) },
    deviations,
    capabilities: database.capabilities,
    walBytes: seen?.walBytes ?? null,
    lastCheckpoint: lastCheckpoint === null ? null : checkpointViewOf(lastCheckpoint),
    telemetry: {
      ...telemetry,
      openedAt: isoOf(telemetry.openedAt),
      lastCheckpoint:
        telemetry.lastCheckpoint === null ? null : checkpointViewOf(telemetry.lastCheckpoint),
    },
    ...(seen?.error === undefined ? {} : { error: `${seen.error.code}: ${seen.error.message}` }),
  };
}

/** Deviations are all that differs: the rest is as it was found. */
function wantedOf(deviations: DatabaseHealth['deviations']) {
  return Object.fromEntries(deviations.map(({ setting, wanted }) => [setting, wanted]));
}
