import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Migration } from '../../src/db/index.js';
import { promiseMigrations } from '../../src/promises/index.js';
import { recordMigrations } from '../../src/records/index.js';

/** Where `npm run record-release` puts the last released version. */
export const RELEASED = join(import.meta.dirname, 'released');

const CHANGELOG = join(import.meta.dirname, '../../CHANGELOG.md');

/** A migration, as it was released. */
export interface RecordedMigration {
  readonly database: 'queue' | 'system';
  readonly version: number;
  readonly name: string;
  /** Of its statements. */
  readonly sha256: string;
}

/** The newest version that the changelog has released; undefined when none has been. */
export function lastVersion(changelog = readFileSync(CHANGELOG, 'utf8')): string | undefined {
  return /^## \[(\d+\.\d+\.\d+[^\]]*)\]/m.exec(changelog)?.[1];
}

/** The packed file of a released version. */
export function tarballOf(version: string): string {
  return join(RELEASED, `holdfast-${version}.tgz`);
}

/** The schema of the last released version; empty when none has been. */
export function schemaReleased(): readonly RecordedMigration[] {
  const path = join(RELEASED, 'schema.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as RecordedMigration[]) : [];
}

/** The schema of this tree. */
export function schemaNow(
  queue: readonly Migration[] = promiseMigrations,
  system: readonly Migration[] = recordMigrations,
): RecordedMigration[] {
  const recorded = (database: RecordedMigration['database'], migrations: readonly Migration[]) =>
    migrations.map(({ version, name, statements }) => {
      const sha256 = createHash('sha256').update(statements.join(';\n')).digest('hex');
      return { database, version, name, sha256 };
    });
  return [...recorded('queue', queue), ...recorded('system', system)];
}

/** Released migrations that are gone, or are no longer what was released. */
export function changedSince(
  released: readonly RecordedMigration[],
  now: readonly RecordedMigration[],
): RecordedMigration[] {
  const key = (one: RecordedMigration) => Object.values(one).join(' ');
  const known = new Set(now.map(key));
  return released.filter((one) => !known.has(key(one)));
}

/** Migrations that are not released, and would be applied after a released one of a higher number. */
export function outOfOrder(
  released: readonly RecordedMigration[],
  now: readonly RecordedMigration[],
): RecordedMigration[] {
  const known = new Set(released.map(({ database, version }) => `${database} ${version}`));
  const newest = (database: string) =>
    Math.max(0, ...released.filter((one) => one.database === database).map((one) => one.version));
  return now.filter(
    ({ database, version }) => !known.has(`${database} ${version}`) && version < newest(database),
  );
}
