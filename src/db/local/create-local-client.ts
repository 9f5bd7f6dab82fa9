import { LibsqlError } from '@libsql/core/api';
import { expandConfig } from '@libsql/core/config';
import { silentLog, systemClock, systemRandom } from '../../core/index.js';
import { isBusy } from '../classify-error.js';
import {
  CLIENT_CHECKPOINT_MS,
  type ClientConfig,
  type HoldfastClient,
} from '../drop-in/client-config.js';
import { newRecorder } from '../new-recorder.js';
import { checkpointsOf, OPEN_DEFAULTS, settingsOf } from '../open-options.js';
import { toClientError } from './client-errors.js';
import { createReplicaClient } from './create-replica-client.js';
import { LocalEngine } from './engine.js';
import { LocalClient } from './local-client.js';
import { localPath } from './local-path.js';

/** A client over a file or memory. Opens the database at once, as theirs does. */
export function createLocalClient(config: ClientConfig): HoldfastClient {
  const expanded = expandConfig({ ...config, authToken: undefined } as never, true);
  assertAuthority(expanded.authority);
  const path = localPath(config.url);
  const single = path.startsWith('file:');
  if (config.syncUrl !== undefined) {
    if (!single) return createReplicaClient(config, config.syncUrl);
    throw new LibsqlError(
      `Embedded replica must use file for local db but URI with in-memory mode were provided instead: ${expanded.path}`,
      'URL_INVALID',
    );
  }
  const clock = config.clock ?? systemClock;
  const log = config.log ?? silentLog;
  const recorder = newRecorder({ ...config, name: config.name ?? config.url });
  if (config.onEvent !== undefined) recorder.listen(config.onEvent);
  const deadlineMs = config.deadlineMs ?? config.timeout;
  const settings = settingsOf('client', {
    ...(deadlineMs === undefined ? {} : { busyDeadlineMs: deadlineMs }),
    ...config.settings,
  });
  const { encryptionKey } = config;
  const openEngine = (): LocalEngine => {
    const engine = new LocalEngine({
      name: config.name ?? config.url,
      target: { path, ...(encryptionKey === undefined ? {} : { encryptionKey }) },
      single,
      settings,
      checkpoints: checkpointsOf(config.checkpoints, CLIENT_CHECKPOINT_MS),
      clock,
      random: config.random ?? systemRandom,
      log,
      recorder,
    });
    openOrFail(engine);
    return engine;
  };
  return new LocalClient({
    name: config.name ?? config.url,
    intMode: expanded.intMode,
    deadlineMs: settings.busyDeadlineMs,
    holdMsMax: config.holdMsMax ?? OPEN_DEFAULTS.holdMsMax,
    recorder,
    openEngine,
  });
}

/** Fails at once when the file cannot be opened; a file that is only busy is opened by the first call. */
function openOrFail(engine: LocalEngine): void {
  try {
    engine.openNow();
  } catch (error) {
    if (isBusy(error)) return;
    engine.closeNow();
    throw toClientError(error);
  }
}

function assertAuthority(
  authority: { host: string; port?: unknown; userinfo?: unknown } | undefined,
): void {
  if (authority === undefined) return;
  const host = authority.host.toLowerCase();
  if (host !== '' && host !== 'localhost') {
    throw new LibsqlError(
      `Invalid host in file URL: ${JSON.stringify(authority.host)}. ` +
        'A "file:" URL with an absolute path should start with one slash ("file:/absolute/path.db") ' +
        'or with three slashes ("file:///absolute/path.db").',
      'URL_INVALID',
    );
  }
  if (authority.port !== undefined)
    throw new LibsqlError('File URL cannot have a port', 'URL_INVALID');
  if (authority.userinfo !== undefined) {
    throw new LibsqlError('File URL cannot have username and password', 'URL_INVALID');
  }
}
