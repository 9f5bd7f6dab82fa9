import { z } from 'zod';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Every default of maintenance. What each means stands on its field below. */
export const MAINTENANCE_DEFAULTS = {
  recoveryIntervalMs: 5 * MINUTE_MS,
  checkpointIntervalMs: 15 * MINUTE_MS,
  cleanupIntervalMs: 30 * MINUTE_MS,
  cleanupMessagesIntervalMs: DAY_MS,
  sweepMessagesIntervalMs: 10 * MINUTE_MS,
  vacuumIntervalMs: 60 * MINUTE_MS,
  healthIntervalMs: 15 * MINUTE_MS,
  syncIntervalMs: 5 * MINUTE_MS,
  analysisIntervalMs: DAY_MS / 4,
  promiseRetentionMs: 7 * DAY_MS,
  eventRetentionMs: 3 * DAY_MS,
  occurrenceRetentionMs: 90 * DAY_MS,
  keyRetentionMs: 30 * DAY_MS,
  auditRetentionMs: 90 * DAY_MS,
  runRetentionMs: 14 * DAY_MS,
  snapshotRetentionMs: 30 * DAY_MS,
  messageRetentionMs: 30 * DAY_MS,
  insightRetentionMs: 90 * DAY_MS,
  sliceRowsMax: 500,
  slicesMax: 40,
  runMsMax: MINUTE_MS,
  leaseMs: 2 * MINUTE_MS,
  scheduleDeadlineMs: 5_000,
} as const;

/** Time to stop after `runMsMax`, and then to record the run: 5 s and 30 s. */
export const LEASE_MARGIN_MS = 35_000;

const interval = z.int().min(1_000);
const retention = z.int().min(0);

/** Settings of maintenance, in milliseconds and rows. Each has its default in `MAINTENANCE_DEFAULTS`. */
export const maintenanceSettings = z
  .strictObject({
    /** Between looks for stalled and orphaned promises, at least 1 s. Default 5 min. */
    recoveryIntervalMs: interval.default(MAINTENANCE_DEFAULTS.recoveryIntervalMs),
    /** Between checkpoints of both databases, at least 1 s. Default 15 min. */
    checkpointIntervalMs: interval.default(MAINTENANCE_DEFAULTS.checkpointIntervalMs),
    /** Between prunings of promises, maintenance runs and health snapshots, at least 1 s. Default 30 min. */
    cleanupIntervalMs: interval.default(MAINTENANCE_DEFAULTS.cleanupIntervalMs),
    /** Between prunings of messages, at least 1 s. Default 1 day. */
    cleanupMessagesIntervalMs: interval.default(MAINTENANCE_DEFAULTS.cleanupMessagesIntervalMs),
    /** Between looks for messages that were left, at least 1 s. Default 10 min. */
    sweepMessagesIntervalMs: interval.default(MAINTENANCE_DEFAULTS.sweepMessagesIntervalMs),
    /** Between looks for empty pages to give back, at least 1 s. Default 1 h. */
    vacuumIntervalMs: interval.default(MAINTENANCE_DEFAULTS.vacuumIntervalMs),
    /** Between health snapshots, at least 1 s. Default 15 min. */
    healthIntervalMs: interval.default(MAINTENANCE_DEFAULTS.healthIntervalMs),
    /** Between syncs of embedded replicas, at least 1 s. Default 5 min. */
    syncIntervalMs: interval.default(MAINTENANCE_DEFAULTS.syncIntervalMs),
    /** Between analyses, each of the time since the one before, at least 1 s. Default 6 h. */
    analysisIntervalMs: interval.default(MAINTENANCE_DEFAULTS.analysisIntervalMs),
    /** A promise is kept this long after it was settled. Default 7 days. */
    promiseRetentionMs: retention.default(MAINTENANCE_DEFAULTS.promiseRetentionMs),
    /** What happened to promises is kept this long. Default 3 days. */
    eventRetentionMs: retention.default(MAINTENANCE_DEFAULTS.eventRetentionMs),
    /** What became of a schedule's slot is kept this long. Default 90 days. */
    occurrenceRetentionMs: retention.default(MAINTENANCE_DEFAULTS.occurrenceRetentionMs),
    /** An API key is kept this long after it was revoked or expired. Default 30 days. */
    keyRetentionMs: retention.default(MAINTENANCE_DEFAULTS.keyRetentionMs),
    /** What was administered is kept this long. Default 90 days. */
    auditRetentionMs: retention.default(MAINTENANCE_DEFAULTS.auditRetentionMs),
    /** A maintenance run is kept this long after it finished. Default 14 days. */
    runRetentionMs: retention.default(MAINTENANCE_DEFAULTS.runRetentionMs),
    /** A health snapshot is kept this long. Default 30 days. */
    snapshotRetentionMs: retention.default(MAINTENANCE_DEFAULTS.snapshotRetentionMs),
    /** A message is kept this long after it came in. Default 30 days. */
    messageRetentionMs: retention.default(MAINTENANCE_DEFAULTS.messageRetentionMs),
    /** An insight is kept this long. Default 90 days. */
    insightRetentionMs: retention.default(MAINTENANCE_DEFAULTS.insightRetentionMs),
    /** Rows that one write recovers or deletes, 1 to 500: others get the lock in between. Default 500. */
    sliceRowsMax: z.int().min(1).max(500).default(MAINTENANCE_DEFAULTS.sliceRowsMax),
    /** Slices of one kind in one run, at least 1; the next tick goes on. Default 40. */
    slicesMax: z.int().min(1).default(MAINTENANCE_DEFAULTS.slicesMax),
    /** The longest run, at least 1 s. Default 60 s. */
    runMsMax: z.int().min(1_000).default(MAINTENANCE_DEFAULTS.runMsMax),
    /** A runner that is silent this long is lost; at least `runMsMax` and 35 s. Default 2 min. */
    leaseMs: z.int().default(MAINTENANCE_DEFAULTS.leaseMs),
    /** The longest wait for the system database when asking what is due, at least 1 ms. Default 5 s. */
    scheduleDeadlineMs: z.int().min(1).default(MAINTENANCE_DEFAULTS.scheduleDeadlineMs),
  })
  .refine((value) => value.leaseMs >= value.runMsMax + LEASE_MARGIN_MS, {
    path: ['leaseMs'],
    error: `must be at least runMsMax and ${LEASE_MARGIN_MS} ms`,
  });

/** What may be left out is the default. */
export type MaintenanceSettingsInput = z.input<typeof maintenanceSettings>;
export type MaintenanceSettings = z.output<typeof maintenanceSettings>;
