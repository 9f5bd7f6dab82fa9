import { expandConfig } from '@libsql/core/config';
import { createLocalClient } from '#db/local';
import { identityOf } from '../observation.js';
import { createRemoteClient } from '../remote/create-remote-client.js';
import { topologyOf } from '../topology.js';
import type { ClientConfig, HoldfastClient } from './client-config.js';
import { ObservedClient } from './observed-client.js';

/**
 * Drop-in for `@libsql/client`'s `createClient`: the same interface, results and
 * errors, but it does not lock. See docs/databases.md.
 * @throws LibsqlError for a configuration that theirs refuses too
 */
export function createClient(config: ClientConfig): HoldfastClient {
  const { scheme } = expandConfig({ ...config, authToken: undefined } as never, true);
  const local = scheme === 'file' && topologyOf(config.url, config.syncUrl) !== 'remote';
  const client = local ? createLocalClient(config) : createRemoteClient(config);
  const { name = config.url, syncUrl = config.url } = config;
  return new ObservedClient(client, identityOf(name, syncUrl));
}
