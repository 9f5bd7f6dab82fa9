import type { AddressInfo } from 'node:net';
import { HoldfastError } from '../src/core/index.js';
import { createApp } from './app.js';
import { type HoldfastConfig, parseConfig } from './config.js';
import { dataDirectory, makeDataDirectories } from './data-directory.js';
import { isLoopback, readSettings, type Settings } from './env.js';
import { problemAnswer } from './http/errors.js';
import { NEEDS_NO_DATABASE } from './http/needs-no-database.js';
import { close, listen, urlOf } from './listener.js';
import { localKey } from './local-key.js';
import { openSchema, type Schema } from './schema.js';
import { consoleLog, createServices, type Services } from './services.js';
import { startWork } from './work.js';

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
 *   or `database-…`
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
  const services = await createServices({
    settings,
    apiKey: settings.HOLDFAST_API_KEY ?? madeKey ?? '',
    tasks: config.tasks,
    archive: config.archive,
    onMessage: config.onMessage,
    edge: 'node',
    log,
    stopping: stopping.signal,
  });
  try {
    const schema = await openSchema(services, { log, signal: stopping.signal });
    const server = await listen(answering(services, schema), settings);
    const work = schema.whenUpToDate.then(() =>
      stopping.signal.aborted ? undefined : startWork(services, stopping.signal),
    );
    return {
      url: urlOf(server.address() as AddressInfo),
      settings,
      localKey: madeKey,
      stop: async () => {
        stopping.abort();
        await Promise.all([close(server, settings), work.then((begun) => begun?.stop())]);
        await services.close();
      },
    };
  } catch (error) {
    await services.close();
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

function answering(services: Services, schema: Schema) {
  const app = createApp();
  return (request: Request) =>
    schema.isUpToDate || isAnsweredWithout(request)
      ? app.fetch(request, services)
      : refuseWithout(services);
}

/** The health report tells of a database that is away. */
function isAnsweredWithout({ url }: Request): boolean {
  const { pathname } = new URL(url);
  return NEEDS_NO_DATABASE.has(pathname) || pathname === '/v1/health';
}

function refuseWithout({ log }: Services): Response {
  const message = 'the queue database has not answered yet: its schema may not be up to date';
  const error = new HoldfastError('database-unavailable', message, { retryable: true });
  const { status, headers, body } = problemAnswer(error, log);
  return new Response(body, { status, headers });
}
