import { HoldfastError } from '../core/index.js';
import type { Database } from './database.js';
import type { OpenOptions } from './open-options.js';

/** Stands in for `local/` where there are no files and no native code: on Workers. */
export function openLocal(options: OpenOptions): Promise<Database> {
  return Promise.reject(
    new HoldfastError(
      'setting-invalid',
      `database ${options.name}: ${options.url} is a local database, and a Worker has no files; ` +
        'give it the http:, https: or libsql: address of a server',
    ),
  );
}
