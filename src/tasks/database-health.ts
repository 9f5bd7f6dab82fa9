import type { Database, SettingsFound, Topology, Verification } from '../db/index.js';
import type { MaintenanceRun, RunError } from '../records/index.js';
import { type CheckpointFigures, checkpointFigures } from './maintenance/checkpoint.js';
import { runErrorOf } from './maintenance/run-error.js';
import type { Looked, Missed } from './probe.js';

/** One database. `stale`: what is told of it was seen at `at`. Null: nothing is known. */
export interface DatabaseHealth {
  readonly name: string;
  /** False when it could not be read just now. */
  readonly ok: boolean;
  readonly topology: Topology;
  readonly managedBy: Verification['managedBy'] | null;
  /** False when a setting that we apply is not in force. */
  readonly verified: boolean | null;
  /** As read back from the connections. */
  readonly settings: SettingsFound | null;
  /** Where the settings are not what is wanted, and why. */
  readonly deviations: Verification['deviations'];
  readonly walBytes: number | null;
  readonly lastCheckpoint: CheckpointFigures | null;
  readonly stale: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number | null;
  readonly error?: RunError;
}

/**
 * What two looks, at its settings and at its data, tell of a database. Settings
 * are read on the writer's connection, which may be busy: then they are stale, and
 * the database is none the worse for it.
 */
export function databaseHealth(
  database: Database,
  settings: Looked<Verification>,
  data: Looked<unknown>,
  checkpoints: readonly MaintenanceRun[],
): DatabaseHealth {
  const seen = settings.ok ? settings : settings.last;
  const missed = [data, settings].find((look): look is Missed<unknown> => !look.ok);
  return {
    name: database.name,
    ok: data.ok,
    topology: database.topology,
    managedBy: seen?.value.managedBy ?? null,
    verified: seen?.value.ok ?? null,
    settings: seen?.value.settings ?? null,
    deviations: seen?.value.deviations ?? [],
    walBytes: seen?.value.walBytes ?? null,
    lastCheckpoint: lastCheckpoint(database, checkpoints),
    stale: !settings.ok,
    at: seen?.at ?? null,
    ...(missed === undefined ? {} : { error: runErrorOf(missed.error) }),
  };
}

/** The latest of this process and of the history, which has those of the others. */
function lastCheckpoint(
  database: Database,
  runs: readonly MaintenanceRun[],
): CheckpointFigures | null {
  const own = database.telemetry().lastCheckpoint;
  const kept = runs.map((run) => run.counts[database.name] as unknown).find(isCheckpoint);
  if (own === null) return kept ?? null;
  return kept !== undefined && kept.finishedAt > own.finishedAt ? kept : checkpointFigures(own);
}

/** The counts of a database whose checkpoint failed hold the error instead. */
function isCheckpoint(counts: unknown): counts is CheckpointFigures {
  return typeof counts === 'object' && counts !== null && 'finishedAt' in counts;
}
