import { z } from 'zod';
import { duration, HISTOGRAM_BOUNDS_MS, json, systemClock } from '../../src/core/index.js';
import { STATUSES } from '../../src/promises/index.js';
import { telemetryPoint } from '../../src/records/index.js';
import type { TelemetryReport } from '../../src/tasks/index.js';
import { checkpointViewOf } from './health.js';
import { metricsText } from './metrics-text.js';
import { defineOperation } from './operation.js';
import { PROMETHEUS_TYPE } from './prometheus-text.js';
import { isoOf } from './promise-view.js';

const histogram = z
  .object({ counts: z.array(z.int()), count: z.int(), sumMs: z.number() })
  .describe('one count a bound of `boundsMs`, then that of what is longer');

const lineView = z.object({
  queue: z.string(),
  type: z.string(),
  enqueued: z.int(),
  claimed: z.int().describe('attempts given to workers'),
  completed: z.int(),
  failed: z.int(),
  cancelled: z.int(),
  retried: z.int().describe('attempts that failed and are tried again'),
  snoozed: z.int(),
  recovered: z.int().describe('attempts that lost their worker'),
  quarantined: z.int(),
  wait: histogram.describe('from due to claimed'),
  run: histogram.describe('from claimed to ended'),
});

const queueView = z.object({
  queue: z.string(),
  type: z.string(),
  counts: z.record(z.enum(STATUSES), z.int()),
  oldestReadyAgeMs: z.number().nullable(),
});

const telemetryView = z.object({
  at: z.iso.datetime(),
  boundsMs: z.array(z.number()).describe('upper bounds of the classes of all histograms'),
  databases: z.record(z.string(), z.record(z.string(), json)).describe('by name'),
  lines: z.array(lineView).describe('what this process has done since it began'),
  queues: z.array(queueView).nullable().describe('what the queue holds; null: it does not answer'),
  memory: z.record(z.string(), z.number()).nullable().describe('bytes; null where nobody tells'),
});

const get = defineOperation({
  id: 'getTelemetry',
  method: 'get',
  path: '/v1/telemetry',
  summary: 'What this process has done, and what the queue holds, in numbers',
  description:
    'On Workers the numbers of the isolate that answers: see the history for all of them.',
  access: 'read',
  answers: { 200: { description: 'the numbers', schema: telemetryView } },
  handle: async ({ services }) => ({ body: viewOf(await services.telemetry.report()) }),
});

const metrics = defineOperation({
  id: 'getMetrics',
  method: 'get',
  path: '/metrics',
  summary: 'The same as text for Prometheus',
  access: 'read',
  answers: {
    200: {
      description: 'version 0.0.4 of the text format',
      schema: z.string(),
      mediaType: PROMETHEUS_TYPE,
    },
  },
  handle: async ({ services }) => ({
    headers: { 'Content-Type': PROMETHEUS_TYPE },
    body: metricsText(await services.telemetry.report()),
  }),
});

const historyView = z.object({
  step: z.int().describe('milliseconds'),
  boundsMs: z.array(z.number()).describe('upper bounds of the classes of all histograms'),
  data: z.array(telemetryPoint.extend({ at: z.iso.datetime().describe('when the step began') })),
});

const instantOf = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

const history = defineOperation({
  id: 'getTelemetryHistory',
  method: 'get',
  path: '/v1/telemetry/history',
  summary: 'What all processes did together, step by step, oldest first',
  description:
    'By the minute for a day, by the hour for a month, by the day for two years: older steps are as long ' +
    'as that. `from` is a day ago unless given, `to` is now; `step` fits them. At most 1,500 steps. A step ' +
    'in which nothing was noted is missing.',
  access: 'read',
  query: z.strictObject({
    from: instantOf.optional(),
    to: instantOf.optional(),
    step: duration.optional(),
  }),
  answers: { 200: { description: 'the steps', schema: historyView } },
  handle: async ({ services, query }) => {
    const { to = systemClock.now(), from = to - DAY_MS, step } = query;
    const ask = step === undefined ? { from, to } : { from, to, stepMs: step };
    const { stepMs, points } = await services.telemetryHistory.list(ask);
    const data = points.map((point) => ({ ...point, at: isoOf(point.at) }));
    return { body: { step: stepMs, boundsMs: HISTOGRAM_BOUNDS_MS, data } };
  },
});

export const telemetryOperations = [get, metrics, history];

const DAY_MS = 86_400_000;

function viewOf({ at, databases, ...report }: TelemetryReport) {
  return {
    ...report,
    at: isoOf(at),
    boundsMs: HISTOGRAM_BOUNDS_MS,
    databases: Object.fromEntries(
      Object.entries(databases).map(([name, { openedAt, lastCheckpoint, ...rest }]) => [
        name,
        {
          ...rest,
          openedAt: isoOf(openedAt),
          lastCheckpoint: lastCheckpoint === null ? null : checkpointViewOf(lastCheckpoint),
        },
      ]),
    ),
  };
}
