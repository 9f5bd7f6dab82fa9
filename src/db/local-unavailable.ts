import { LibsqlError } from '@libsql/core/api';
import { HoldfastError } from '../core/index.js';
import type { Database } from './database.js';
import type { KnownSchema, SchemaPart } from './doctor/evidence.js';
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

function refuse(..._args: readonly unknown[]): Promise<never> {
  return Promise.reject(new HoldfastError('setting-invalid', `this ${RULE}`));
}

export {
  refuse as assertUnused,
  refuse as checkCopy,
  refuse as copyFile,
  refuse as copyServer,
  refuse as inspectFile,
  refuse as putBack,
  refuse as putOnServer,
};

/** Needs an engine of its own to find out. */
export function expectedParts(_migrations: KnownSchema['migrations']): SchemaPart[] {
  throw new HoldfastError('setting-invalid', 'a Worker has no SQLite of its own');
}
