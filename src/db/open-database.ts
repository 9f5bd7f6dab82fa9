import { openLocal } from '#db/local';
import { HoldfastError } from '../core/index.js';
import { assertOptions } from './assert-options.js';
import type { Database } from './database.js';
import { identityOf } from './observation.js';
import { ObservedDatabase } from './observed-database.js';
import type { OpenOptions } from './open-options.js';
import { openRemote } from './remote/open-remote.js';
import { topologyOf } from './topology.js';

/**
 * Opens a database on the topology that its URL asks for. A remote one does no
 * I/O here, so that a Worker can open one per invocation.
 * @throws HoldfastError `setting-invalid`, or why a file cannot be opened
 */
export async function openDatabase(options: OpenOptions): Promise<Database> {
  assertOptions(options);
  const identity = identityOf(options.name, options.syncUrl ?? options.url);
  switch (topologyOf(options.url, options.syncUrl)) {
    case 'remote':
      return new ObservedDatabase(openRemote(options), identity);
    case 'file':
    case 'memory':
    case 'replica':
      return new ObservedDatabase(await openLocal(options), identity);
    case undefined:
      throw new HoldfastError('setting-invalid', `database ${options.name}: no such kind of URL`);
  }
}
