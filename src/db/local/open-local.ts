import { silentLog, systemClock, systemRandom } from '../../core/index.js';
import { translateError } from '../classify-error.js';
import type { Database } from '../database.js';
import { newRecorder } from '../new-recorder.js';
import { checkpointsOf, OPEN_DEFAULTS, type OpenOptions, settingsOf } from '../open-options.js';
import { topologyOf } from '../topology.js';
import { LocalEngine } from './engine.js';
import { ForeignCommits } from './foreign-commits.js';
import { LocalDatabase } from './local-database.js';
import { localPath } from './local-path.js';
import { openReplica } from './open-replica.js';

/** Opens a database in a file or in memory. */
export async function openLocal(options: OpenOptions): Promise<Database> {
  const topology = topologyOf(options.url, options.syncUrl);
  if (options.syncUrl !== undefined && topology === 'replica') {
    return await openReplica(options, options.syncUrl);
  }
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLog;
  const recorder = options.recorder ?? newRecorder(options);
  if (options.onEvent !== undefined) recorder.listen(options.onEvent);
  const single = topology === 'memory';
  const path = localPath(options.url);
  const { encryptionKey } = options;
  const engine = new LocalEngine({
    name: options.name,
    target: { path, ...(encryptionKey === undefined ? {} : { encryptionKey }) },
    single,
    settings: settingsOf(options.profile, options.settings),
    checkpoints: checkpointsOf(options.checkpoints),
    clock,
    random: options.random ?? systemRandom,
    log,
    recorder,
  });
  try {
    await engine.open({ label: 'open', deadlineMs: engine.settings.busyDeadlineMs });
  } catch (error) {
    engine.closeNow();
    throw translateError(error, `database ${options.name} at ${path}`);
  }
  return new LocalDatabase({
    name: options.name,
    topology: single ? 'memory' : 'file',
    engine,
    recorder,
    foreignCommits: new ForeignCommits(engine, path),
    holdMsMax: options.holdMsMax ?? OPEN_DEFAULTS.holdMsMax,
  });
}
