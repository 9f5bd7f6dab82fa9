import { z } from 'zod';
import { json } from '../../src/core/index.js';
import { type MaintenanceRun, RUN_OUTCOMES, RUN_TRIGGERS } from '../../src/records/index.js';
import { TASK_NAMES } from '../../src/tasks/index.js';
import { defineOperation } from './operation.js';
import { definedOf, pageQuery } from './page.js';
import { isoOf } from './promise-view.js';
import { noFields } from './promises.js';

export const runView = z.object({
  id: z.string(),
  task: z.string(),
  trigger: z.enum(RUN_TRIGGERS),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  durationMs: z.number(),
  outcome: z.enum(RUN_OUTCOMES),
  counts: z.record(z.string(), json).describe('what it did, in figures'),
  reason: z.string().optional().describe('why it was skipped'),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

/** A run as the API shows it. */
export function runViewOf({ startedAt, finishedAt, ...run }: MaintenanceRun) {
  return { ...run, startedAt: isoOf(startedAt), finishedAt: isoOf(finishedAt) };
}

const runNow = defineOperation({
  id: 'runMaintenance',
  method: 'post',
  path: '/v1/maintenance/{task}',
  summary: 'Run a maintenance task now, or join the run under way',
  description: `Answers with the finished run. The tasks: ${TASK_NAMES.join(', ')}.`,
  access: 'admin',
  params: z.strictObject({ task: z.string() }),
  body: noFields,
  bodyOptional: true,
  answers: {
    200: {
      description: 'the finished run; `recorded` false: its history could not be written',
      schema: runView.extend({ recorded: z.boolean() }),
    },
  },
  refusals: ['not-found', 'lease-lost'],
  isLong: true,
  handle: async ({ services, params }) => {
    const run = await services.maintenance.runNow(params.task, { signal: services.stopping });
    return { body: runViewOf(run) };
  },
});

const listRuns = defineOperation({
  id: 'listMaintenanceRuns',
  method: 'get',
  path: '/v1/maintenance/runs',
  summary: 'The history of maintenance, newest first',
  access: 'read',
  query: z.strictObject({ ...pageQuery, task: z.string().optional() }),
  answers: {
    200: {
      description: 'one page',
      schema: z.object({ data: z.array(runView), nextCursor: z.string().nullable() }),
    },
  },
  handle: async ({ services, query }) => {
    const { data, nextCursor } = await services.runs.list(definedOf(query));
    return { body: { data: data.map(runViewOf), nextCursor } };
  },
});

export const maintenanceOperations = [runNow, listRuns];
