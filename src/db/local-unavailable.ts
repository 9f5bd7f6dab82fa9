import { LibsqlError } from '@libsql/core/api';
import { HoldfastError } from '../core/index.js';
import type { Database } from './database.js';
import type { Evidence, InspectFileOptions, KnownSchema, SchemaPart } from './doctor/evidence.js';
import type { ClientConfig, HoldfastClient } from './drop-in/client-config.js';
import type { OpenOptions } from './open-options.js';

// Stands in for `local/` where there are no files and no native code: on Workers.

const RULE =
  'is a local database, and a Worker has no files: give it the http:, https: or libsql: address of a server';

export function openLocal(options: OpenOptions): Promise<Database> {
  const message = `database ${options.name}: ${options.url} ${RULE}`;
  return Promise.reject(new HoldfastError('setting-invalid', message));
}

export function createLocalClient(config: ClientConfig): HoldfastClient {
  throw new LibsqlError(`${config.url} ${RULE}`, 'URL_SCHEME_NOT_SUPPORTED');
}

export function inspectFile({ path }: InspectFileOptions): Promise<Evidence> {
  return Promise.reject(new HoldfastError('setting-invalid', `${path} ${RULE}`));
}

/** Needs an engine of its own to find out. */
export function expectedParts(_migrations: KnownSchema['migrations']): SchemaPart[] {
  throw new HoldfastError('setting-invalid', 'a Worker has no SQLite of its own');
}
