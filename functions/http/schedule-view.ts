import { z } from 'zod';
import { json } from '../../src/core/index.js';
import {
  MISSED_POLICIES,
  type Occurrence,
  OVERLAP_POLICIES,
  type Schedule,
  upcomingSlots,
} from '../../src/promises/index.js';
import { redact, type TaskRegistry } from '../../src/tasks/index.js';
import { isoOf } from './promise-view.js';

const at = z.iso.datetime();
const ms = z.int().min(0).describe('milliseconds');

/** Slots that a schedule is shown with. */
const UPCOMING = 5;

/** A schedule as the API shows it. */
export const scheduleView = z.object({
  name: z.string(),
  status: z.enum(['active', 'paused', 'ended']).describe('ended: no slot is to come'),
  cron: z.string().nullable(),
  timezone: z.string().nullable().describe('whose clocks cron is read on'),
  dst: z
    .object({ gap: z.enum(['skip', 'after']), fold: z.enum(['first', 'last', 'both']) })
    .nullable()
    .describe('times that the clocks skip, and show twice'),
  every: ms.nullable(),
  promise: z.record(z.string(), json).describe('what each slot makes'),
  missed: z.object({ policy: z.enum(MISSED_POLICIES), cap: z.int(), window: ms, grace: ms }),
  overlap: z.enum(OVERLAP_POLICIES),
  jitter: ms,
  startAt: at.nullable(),
  endAt: at.nullable(),
  upcoming: z.array(at).describe(`the next slots, at most ${UPCOMING}`),
  pausedAt: at.nullable(),
  createdAt: at,
  updatedAt: at,
});

/** Without what its task keeps from being shown. */
export function scheduleViewOf(schedule: Schedule, registry: TaskRegistry) {
  const { name, settings, promise, pausedAt, nextSlotAt, createdAt, updatedAt } = schedule;
  const { policy, cap, windowMs, graceMs } = settings.missed;
  const isCron = 'cron' in settings;
  return {
    name,
    status: nextSlotAt === null ? 'ended' : pausedAt === null ? 'active' : 'paused',
    cron: isCron ? settings.cron : null,
    timezone: isCron ? settings.timezone : null,
    dst: isCron ? settings.dst : null,
    every: isCron ? null : settings.everyMs,
    promise: shownPromise(promise, registry),
    missed: { policy, cap, window: windowMs, grace: graceMs },
    overlap: settings.overlap,
    jitter: settings.jitterMs,
    startAt: isoOrNull(settings.startAt),
    endAt: isoOrNull(settings.endAt),
    upcoming: upcomingSlots(schedule, UPCOMING).map(isoOf),
    pausedAt: isoOrNull(pausedAt),
    createdAt: isoOf(createdAt),
    updatedAt: isoOf(updatedAt),
  };
}

/** A callback's URL may hold a secret. */
function shownPromise(
  { callbackUrl: _, origin: __, ...promise }: Schedule['promise'],
  registry: TaskRegistry,
) {
  const { encrypt = false, redact: hidden = [] } = registry.get(promise.type)?.protect ?? {};
  if (encrypt) return { ...promise, payload: '[encrypted]' };
  return hidden.length === 0
    ? promise
    : { ...promise, payload: redact(promise.payload ?? null, hidden) };
}

/** What became of a slot, or of several that were skipped. */
export const occurrenceView = z.object({
  kind: z.enum(['fired', 'skipped', 'manual']),
  slotAt: at,
  recordedAt: at,
  promise: z.string().nullable().describe('the id of the promise that was made'),
  reason: z.string().nullable().describe('why it was skipped'),
  lastSlotAt: at.describe('the last of the skipped slots that this stands for'),
  slots: z.int().describe('how many they are, counted up to 1,000'),
});

export function occurrenceViewOf(occurrence: Occurrence) {
  const { kind, slotAt, recordedAt } = occurrence;
  const isSkipped = occurrence.kind === 'skipped';
  return {
    kind,
    slotAt: isoOf(slotAt),
    recordedAt: isoOf(recordedAt),
    promise: isSkipped ? null : occurrence.promiseId,
    reason: isSkipped ? occurrence.reason : null,
    lastSlotAt: isoOf(isSkipped ? occurrence.lastSlotAt : slotAt),
    slots: isSkipped ? occurrence.slots : 1,
  };
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : isoOf(ms);
}
