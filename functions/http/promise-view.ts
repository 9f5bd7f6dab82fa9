import { z } from 'zod';
import { json } from '../../src/core/index.js';
import { type Failure, type PromiseRecord, STATUSES } from '../../src/promises/index.js';
import { redact, type TaskRegistry } from '../../src/tasks/index.js';

const at = z.iso.datetime().describe('ISO 8601, UTC');
const ms = z.int().min(0).describe('milliseconds');

const attemptError = z.object({
  code: z.string(),
  message: z.string(),
  details: json.optional(),
});

/** One attempt that failed or crashed. */
const failureView = z.object({
  attempt: z.int(),
  fence: z.int(),
  at,
  error: attemptError,
});

/** A backoff as it is kept: every duration in milliseconds. */
const backoffView = z.object({
  kind: z.enum(['fixed', 'linear', 'exponential', 'custom']),
  delay: ms.optional(),
  max: ms.optional(),
  factor: z.number().optional(),
  jitter: z.number().optional(),
  delays: z.array(ms).optional(),
});

/** A promise as the API shows it. */
export const promiseView = z.object({
  id: z.string(),
  type: z.string(),
  queue: z.string(),
  status: z.enum(STATUSES),
  priority: z.int(),
  payload: json,
  key: z.string().nullable(),
  metadata: z.record(z.string(), json).nullable(),
  attempt: z.int().describe('attempts begun, the running one included'),
  maxAttempts: z.int(),
  backoff: backoffView.nullable().describe('null: the default'),
  timeout: ms,
  fence: z.int(),
  createdAt: at,
  runAt: at.describe('due from this instant on'),
  startedAt: at.nullable().describe('when the latest attempt began'),
  settledAt: at.nullable(),
  expiresAt: at.nullable().describe('cancelled when it has not begun before'),
  concurrencyKey: z.string().nullable(),
  waitsFor: z.string().nullable().describe('what keeps it waiting: parents, lane or turn'),
  progress: z.object({ percent: z.number().nullable(), message: z.string().nullable() }).nullable(),
  worker: z.string().nullable().describe('who runs it now'),
  handlerVersion: z
    .string()
    .nullable()
    .describe('of the handler that began the attempt that runs now, where it has one'),
  leaseExpiresAt: at.nullable(),
  result: json.describe('what its task returned; null until it is completed'),
  error: attemptError.nullable().describe('of the latest failed attempt'),
});

export const promiseWithFailures = promiseView.extend({
  failures: z.array(failureView).describe('every attempt that failed or crashed, oldest first'),
});

export const promiseMade = promiseView.extend({
  deduplicated: z
    .boolean()
    .describe('true when the key was known: this is the promise made before'),
});

/** Without what its task keeps from being shown. */
export function viewOf(promise: PromiseRecord, registry: TaskRegistry) {
  const hidden = registry.get(promise.type)?.protect?.redact ?? [];
  return {
    id: promise.id,
    type: promise.type,
    queue: promise.queue,
    status: promise.status,
    priority: promise.priority,
    payload: redact(promise.payload, hidden),
    key: promise.key,
    metadata: promise.metadata,
    attempt: promise.attempt,
    maxAttempts: promise.maxAttempts,
    backoff: promise.backoff,
    timeout: promise.timeoutMs,
    fence: promise.fence,
    createdAt: isoOf(promise.createdAt),
    runAt: isoOf(promise.runAt),
    startedAt: promise.startedAt === null ? null : isoOf(promise.startedAt),
    settledAt: 'settledAt' in promise ? isoOf(promise.settledAt) : null,
    expiresAt: promise.expiresAt === null ? null : isoOf(promise.expiresAt),
    concurrencyKey: promise.concurrencyKey,
    waitsFor: 'waitsFor' in promise ? promise.waitsFor : null,
    progress: promise.progress,
    worker: 'worker' in promise ? promise.worker : null,
    handlerVersion: 'handlerVersion' in promise ? promise.handlerVersion : null,
    leaseExpiresAt: 'leaseExpiresAt' in promise ? isoOf(promise.leaseExpiresAt) : null,
    result: 'result' in promise ? redact(promise.result, hidden) : null,
    error: promise.error,
  };
}

export function failureViewOf(failure: Failure) {
  return {
    attempt: failure.attempt,
    fence: failure.fence,
    at: isoOf(failure.at),
    error: failure.error,
  };
}

/** The last one: what is made or settled together has the same times. */
let latest = { ms: 0, iso: '1970-01-01T00:00:00.000Z' };

/** Milliseconds since the epoch as ISO 8601, in UTC. */
export function isoOf(ms: number): string {
  if (ms !== latest.ms) latest = { ms, iso: new Date(ms).toISOString() };
  return latest.iso;
}
