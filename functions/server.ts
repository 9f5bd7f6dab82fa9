import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { HoldfastError, systemClock } from '../src/core/index.js';
import { createApp } from './app.js';
import { type HoldfastConfig, parseConfig } from './config.js';
import { dataDirectory, makeDataDirectories } from './data-directory.js';
import { migrateDatabases } from './databases.js';
import { isLoopback, readSettings, type Settings } from './env.js';
import { localKey } from './local-key.js';
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

/** Longer than the pause of any proxy or client that keeps connections. */
const KEEP_ALIVE_MS = 65_000;
/** How long a client may take to send its headers, and the whole of its request. */
const HEADERS_MS = 20_000;
const REQUEST_MS = 60_000;
/** While stopping: how often connections that have become idle are closed. */
const CLOSE_LOOK_MS = 50;

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
    await migrateDatabases(services);
    const server = await listen(services);
    const work = startWork(services, stopping.signal);
    return {
      url: urlOf(server.address() as AddressInfo),
      settings,
      localKey: madeKey,
      stop: async () => {
        stopping.abort();
        await Promise.all([close(server, settings), work.stop()]);
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

async function listen(services: Services): Promise<Server> {
  const { HOST: hostname, PORT: port } = services.settings;
  const app = createApp();
  const fetch = (request: Request) => app.fetch(request, services);
  const server = createAdaptorServer({ fetch, hostname }) as Server;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = HEADERS_MS;
  server.requestTimeout = REQUEST_MS;
  server.listen(port, hostname);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw cannotListen(cause, hostname, port);
  }
  return server;
}

function cannotListen(cause: unknown, host: string, port: number): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'EADDRINUSE': {
      const message = `PORT: ${port} is in use on ${host}; stop what listens there, or set PORT to another`;
      return new HoldfastError('port-in-use', message, { cause });
    }
    case 'EACCES':
      return new HoldfastError('setting-invalid', `PORT: ${port} may not be listened on`, {
        cause,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new HoldfastError('setting-invalid', `HOST: ${host} is no address of this machine`, {
        cause,
      });
    default:
      return cause;
  }
}

/** Lets requests end; those that do not in time are cut off. */
async function close(server: Server, settings: Settings): Promise<void> {
  const closed = once(server, 'close');
  const cutOffAt = systemClock.monotonic() + settings.HOLDFAST_DRAIN;
  server.close();
  const sweep = setInterval(() => {
    if (systemClock.monotonic() < cutOffAt) server.closeIdleConnections();
    else server.closeAllConnections();
  }, CLOSE_LOOK_MS);
  await closed;
  clearInterval(sweep);
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
