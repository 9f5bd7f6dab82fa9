import { HoldfastError, silentLog, systemClock } from '../../core/index.js';
import type { Database } from '../database.js';
import { newRecorder } from '../new-recorder.js';
import { OPEN_DEFAULTS, type OpenOptions, settingsOf } from '../open-options.js';
import { openRemote } from '../remote/open-remote.js';
import { localPath } from './local-path.js';
import { ReplicaDatabase } from './replica-database.js';
import { ReplicaSync } from './replica-sync.js';
import { ReplicaThread } from './replica-thread.js';

/** Opens an embedded replica and brings it up to date. */
export async function openReplica(options: OpenOptions, syncUrl: string): Promise<Database> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLog;
  const recorder = options.recorder ?? newRecorder(options);
  const { busyDeadlineMs } = settingsOf(options.profile, options.settings);
  const authToken =
    typeof options.authToken === 'function' ? await options.authToken() : options.authToken;
  const { encryptionKey } = options;
  const thread = new ReplicaThread(options.name, {
    path: localPath(options.url),
    syncUrl,
    authToken: authToken ?? '',
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
  });
  const sync = new ReplicaSync({
    name: options.name,
    thread,
    everyMs: options.syncEveryMs ?? OPEN_DEFAULTS.syncEveryMs,
    readYourWrites: true,
    deadlineMs: busyDeadlineMs,
    log,
  });
  const database = new ReplicaDatabase({
    name: options.name,
    thread,
    sync,
    primary: openRemote({ ...options, url: syncUrl }, recorder),
    recorder,
    deadlineMs: busyDeadlineMs,
    now: () => clock.now(),
  });
  try {
    await database.sync();
    return database;
  } catch (error) {
    await database.close();
    throw error instanceof HoldfastError
      ? error
      : new HoldfastError('database-unavailable', `replica ${options.name} cannot sync`, {
          cause: error,
        });
  }
}
