import { HoldfastError } from '../src/core/index.js';
import { createApp } from './app.js';
import { type HoldfastConfig, parseConfig } from './config.js';
import { dataDirectory, makeDataDirectories } from './data-directory.js';
import { isLoopback, readSettings, type Settings } from './env.js';
import { type Listener, openListener } from './listener.js';
import { localKey } from './local-key.js';
import { openSchema, type Schema } from './schema.js';
import { consoleLog, createServices } from './services.js';
import { startWork, type Work } from './work.js';

/** A running server. */
export interface RunningServer {
  readonly url: string;
  readonly settings: Settings;
  /** The key made for local use; undefined when `HOLDFAST_API_KEY` is set. */
  readonly localKey: string | undefined;
  /** Takes no more requests, ends waits, lets promises and requests end, closes the databases. */
  stop(): Promise<void>;
}

/**
 * The service on one machine: the app, an executor, a scheduler, and a cron that
 * ticks every minute.
 * @throws HoldfastError `setting-invalid`, `data-directory-unusable`, `port-in-use`,
 *   or what of its databases no waiting mends
 */
export async function startServer(
  env: Readonly<Record<string, unknown>>,
  configuration: HoldfastConfig,
): Promise<RunningServer> {
  const config = parseConfig(configuration);
  const settings = readSettings(env, 'node', config.settings);
  requireKeyBeyondLoopback(settings);
  await makeDataDirectories(settings);
  const madeKey =
    settings.HOLDFAST_API_KEY === undefined ? await localKey(dataDirectory(settings)) : undefined;
  const stopping = new AbortController();
  const log = consoleLog(settings.HOLDFAST_LOG_LEVEL);
  let schema: Schema | undefined;
  let listener: Listener | undefined;
  let work: Work | undefined;
  const services = await createServices({
    settings,
    apiKey: settings.HOLDFAST_API_KEY ?? madeKey ?? '',
    tasks: config.tasks,
    archive: config.archive,
    onMessage: config.onMessage,
    edge: 'node',
    log,
    stopping: stopping.signal,
    isSchemaUpToDate: () => schema?.isUpToDate === true,
  });
  const stop = async () => {
    stopping.abort();
    await Promise.all([listener?.close(), work?.stop(), schema?.ended]);
    await services.close();
  };
  const begin = () => {
    if (!stopping.signal.aborted) work = startWork(services, stopping.signal);
  };
  try {
    schema = await openSchema(services, { log, signal: stopping.signal });
    const app = createApp();
    listener = await openListener((request) => app.fetch(request, services), settings);
    if (schema.isUpToDate) begin();
    else void schema.whenUpToDate.then(begin);
    return { url: listener.url, settings, localKey: madeKey, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function requireKeyBeyondLoopback(settings: Settings): void {
  if (settings.HOLDFAST_API_KEY !== undefined || isLoopback(settings.HOST)) return;
  throw new HoldfastError(
    'setting-invalid',
    `HOLDFAST_API_KEY: must be set when HOST is not a loopback address (HOST is ${settings.HOST})`,
  );
}
