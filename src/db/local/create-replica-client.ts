import { LibsqlError } from '@libsql/core/api';
import { expandConfig } from '@libsql/core/config';
import { silentLog } from '../../core/index.js';
import type { ClientConfig, HoldfastClient } from '../drop-in/client-config.js';
import { createRemoteClient } from '../remote/create-remote-client.js';
import { PROFILES } from '../settings.js';
import { localPath } from './local-path.js';
import { ReplicaClient } from './replica-client.js';
import { ReplicaSync } from './replica-sync.js';
import { ReplicaThread } from './replica-thread.js';

/** A client over an embedded replica: opened, and synced for the first time, by its first call. */
export function createReplicaClient(config: ClientConfig, syncUrl: string): HoldfastClient {
  if (config.offline === true) {
    throw new LibsqlError(
      'Offline writes are not supported: holdfast/db sends every write to the server',
      'OFFLINE_NOT_SUPPORTED',
    );
  }
  const { url, encryptionKey, syncInterval, readYourWrites, syncUrl: _, offline, ...rest } = config;
  const expanded = expandConfig(
    { url, ...(config.intMode ? { intMode: config.intMode } : {}) },
    true,
  );
  const deadlineMs = config.deadlineMs ?? config.timeout ?? PROFILES.client.busyDeadlineMs;
  const name = config.name ?? url;
  const openReplica = () => {
    const thread = new ReplicaThread(name, {
      path: localPath(url),
      syncUrl,
      authToken: typeof config.authToken === 'string' ? config.authToken : '',
      ...(encryptionKey === undefined ? {} : { encryptionKey }),
    });
    const sync = new ReplicaSync({
      name,
      thread,
      everyMs: (syncInterval ?? 0) * 1_000,
      readYourWrites: readYourWrites ?? true,
      deadlineMs,
      log: config.log ?? silentLog,
    });
    return { thread, sync };
  };
  const primary = createRemoteClient({ ...rest, url: syncUrl });
  return new ReplicaClient({ intMode: expanded.intMode, deadlineMs, openReplica, primary });
}
