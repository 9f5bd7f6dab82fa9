import type { Answers, EventLog, PromiseStore, Schedules } from '../../promises/index.js';
import type {
  ApiKeys,
  AuditLog,
  HealthSnapshots,
  Insights,
  MaintenanceRuns,
  TelemetryHistory,
} from '../../records/index.js';
import type { MaintenanceTask } from './maintenance-task.js';
import { runParts } from './parts.js';
import { pruneGently, pruneSlices, recordSlice } from './retention.js';
import type { MaintenanceSettings } from './settings.js';

export interface CleanupStores {
  readonly promises: Pick<PromiseStore, 'prune'>;
  readonly events: Pick<EventLog, 'prune'>;
  readonly occurrences: Pick<Schedules, 'prune'>;
  readonly answers: Pick<Answers, 'prune'>;
  readonly keys: Pick<ApiKeys, 'prune'>;
  readonly audit: Pick<AuditLog, 'prune'>;
  readonly runs: MaintenanceRuns;
  readonly snapshots: HealthSnapshots;
  readonly telemetry: Pick<TelemetryHistory, 'thin'>;
  readonly insights: Pick<Insights, 'prune'>;
}

/** Deletes what is older than its retention, in slices. */
export function cleanupTask(stores: CleanupStores, settings: MaintenanceSettings): MaintenanceTask {
  const limit = settings.sliceRowsMax;
  const rowBounds = { rowsMax: settings.slicesMax * limit, sliceRowsMax: limit };
  const promises = (rows: number) =>
    stores.promises.prune({ settledBeforeMs: settings.promiseRetentionMs, limit: rows });
  const events = recordSlice(stores.events, settings.eventRetentionMs, limit);
  const occurrences = () =>
    stores.occurrences.prune({ olderThanMs: settings.occurrenceRetentionMs, limit });
  const answers = async () => {
    const pruned = await stores.answers.prune(limit);
    return { pruned, done: pruned < limit };
  };
  const keys = recordSlice(stores.keys, settings.keyRetentionMs, limit);
  const audit = recordSlice(stores.audit, settings.auditRetentionMs, limit);
  const runs = recordSlice(stores.runs, settings.runRetentionMs, limit);
  const snapshots = recordSlice(stores.snapshots, settings.snapshotRetentionMs, limit);
  const insights = recordSlice(stores.insights, settings.insightRetentionMs, limit);
  return {
    name: 'cleanup',
    intervalMs: settings.cleanupIntervalMs,
    run: ({ signal }) => {
      const bounds = { slicesMax: settings.slicesMax, signal };
      return runParts([
        { name: 'promises', run: () => pruneGently(promises, { ...rowBounds, signal }) },
        { name: 'events', run: () => pruneSlices(events, bounds) },
        { name: 'occurrences', run: () => pruneSlices(occurrences, bounds) },
        { name: 'answers', run: () => pruneSlices(answers, bounds) },
        { name: 'keys', run: () => pruneSlices(keys, bounds) },
        { name: 'audit', run: () => pruneSlices(audit, bounds) },
        { name: 'maintenanceRuns', run: () => pruneSlices(runs, bounds) },
        { name: 'healthSnapshots', run: () => pruneSlices(snapshots, bounds) },
        { name: 'telemetry', run: () => pruneSlices(() => stores.telemetry.thin(), bounds) },
        { name: 'insights', run: () => pruneSlices(insights, bounds) },
      ]);
    },
  };
}
