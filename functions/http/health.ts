import { z } from 'zod';
import { json } from '../../src/core/index.js';
import { STATUSES } from '../../src/promises/index.js';
import { HEALTH_STATUSES } from '../../src/records/index.js';
import { HEALTH_STATES, type HealthReport } from '../../src/tasks/index.js';
import { runView, runViewOf } from './maintenance.js';
import { defineOperation } from './operation.js';
import { isoOf } from './promise-view.js';

const at = z.iso.datetime().nullable();

const healthView = z.object({
  status: z.enum(HEALTH_STATUSES),
  reasons: z.array(z.string()).describe('why it is degraded'),
  state: z.enum(HEALTH_STATES).describe('what the figures mean'),
  observations: z.array(z.string()).describe('what was seen, in words'),
  suggestions: z.array(z.string()).describe('what to do about it'),
  checkedAt: z.iso.datetime(),
  queue: z.object({
    byStatus: z.record(z.enum(STATUSES), z.int()).nullable(),
    oldestReadyAgeMs: z
      .number()
      .nullable()
      .describe('how long the oldest due promise has been due'),
    stalled: z.int().nullable().describe('running promises whose lease is over'),
    successRate: z
      .number()
      .nullable()
      .describe('completed / (completed + failed), of what is kept'),
    stale: z.boolean().describe('true: fallback data, as it was at `at`'),
    at,
  }),
  databases: z.array(z.record(z.string(), json)),
  maintenance: z.array(z.object({ task: z.string(), lastRun: runView.nullable(), nextDueAt: at })),
});

/** A report as the API shows it. */
export function healthViewOf(report: HealthReport) {
  return {
    ...report,
    checkedAt: isoOf(report.checkedAt),
    queue: { ...report.queue, at: isoOrNull(report.queue.at) },
    databases: report.databases.map((database) => ({
      ...database,
      at: isoOrNull(database.at),
      lastCheckpoint:
        database.lastCheckpoint === null ? null : checkpointViewOf(database.lastCheckpoint),
    })),
    maintenance: report.maintenance.map(({ task, lastRun, nextDueAt }) => ({
      task,
      lastRun: lastRun === null ? null : runViewOf(lastRun),
      nextDueAt: isoOrNull(nextDueAt),
    })),
  };
}

export function checkpointViewOf<T extends { readonly finishedAt: number }>(checkpoint: T) {
  return { ...checkpoint, finishedAt: isoOf(checkpoint.finishedAt) };
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : isoOf(ms);
}

const health = defineOperation({
  id: 'getHealth',
  method: 'get',
  path: '/v1/health',
  summary: 'The whole report: queue, databases, maintenance',
  description: 'Answers 200 also when degraded, then with fallback data of what cannot be read.',
  access: 'read',
  answers: { 200: { description: 'the report', schema: healthView } },
  handle: async ({ services }) => ({ body: healthViewOf(await services.health.report()) }),
});

const alive = z.object({ status: z.literal('ok') });

const live = defineOperation({
  id: 'isLive',
  method: 'get',
  path: '/healthz',
  summary: 'Whether the process answers',
  access: 'open',
  answers: { 200: { description: 'it does', schema: alive } },
  handle: () => ({ body: { status: 'ok' } }),
});

const ready = defineOperation({
  id: 'isReady',
  method: 'get',
  path: '/readyz',
  summary: 'Whether work can be taken: both databases answer and the service is not stopping',
  access: 'open',
  answers: {
    200: { description: 'ready', schema: alive },
    503: {
      description: 'not ready',
      schema: z.object({ status: z.enum(['degraded', 'stopping']) }),
    },
  },
  handle: async ({ services }) => {
    if (services.stopping.aborted) return { status: 503, body: { status: 'stopping' } };
    const { status } = await services.health.report();
    return { status: status === 'ok' ? 200 : 503, body: { status } };
  },
});

export const healthOperations = [health, live, ready];
