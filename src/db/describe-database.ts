import type { Checkpoint } from './checkpoint.js';
import type { Database } from './database.js';
import type { Capabilities, DatabaseSettings, Deviation, SettingsFound } from './settings.js';
import type { Telemetry } from './telemetry.js';
import type { Topology } from './topology.js';

/** Everything a report on one database says. */
export interface DatabaseDescription {
  readonly name: string;
  readonly topology: Topology;
  /** As read back just now. */
  readonly settings: SettingsFound;
  readonly wanted: DatabaseSettings;
  readonly deviations: readonly Deviation[];
  /** False when a setting that we apply is not in force. */
  readonly verified: boolean;
  readonly managedBy: 'holdfast' | 'server';
  readonly sqliteVersion: string | null;
  readonly capabilities: Capabilities;
  readonly walBytes: number | null;
  readonly lastCheckpoint: Checkpoint | null;
  readonly telemetry: Telemetry;
}

export async function describeDatabase(database: Database): Promise<DatabaseDescription> {
  const verification = await database.verify();
  const telemetry = database.telemetry();
  return {
    name: database.name,
    topology: database.topology,
    settings: verification.settings,
    wanted: verification.wanted,
    deviations: verification.deviations,
    verified: verification.ok,
    managedBy: verification.managedBy,
    sqliteVersion: verification.sqliteVersion,
    capabilities: database.capabilities,
    walBytes: verification.walBytes,
    lastCheckpoint: telemetry.lastCheckpoint,
    telemetry,
  };
}
