import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { HoldfastError, systemClock } from '../src/core/index.js';
import type { Settings } from './env.js';

/** Longer than the pause of any proxy or client that keeps connections. */
const KEEP_ALIVE_MS = 65_000;
/** How long a client may take to send its headers, and the whole of its request. */
const HEADERS_MS = 20_000;
const REQUEST_MS = 60_000;
/** While stopping: how often connections that have become idle are closed. */
const CLOSE_LOOK_MS = 50;

type Fetch = (request: Request) => Response | Promise<Response>;

/** Where a server listens. */
export interface Listener {
  readonly url: string;
  /** Takes no more requests, and lets those under way end; those that do not in time are cut off. */
  close(): Promise<void>;
}

/**
 * Listens where the settings say.
 * @throws HoldfastError `port-in-use`, `setting-invalid`
 */
export async function openListener(fetch: Fetch, settings: Settings): Promise<Listener> {
  const { HOST: hostname, PORT: port } = settings;
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
  return {
    url: urlOf(server.address() as AddressInfo),
    close: () => close(server, settings.HOLDFAST_DRAIN),
  };
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

async function close(server: Server, drainMs: number): Promise<void> {
  const closed = once(server, 'close');
  const cutOffAt = systemClock.monotonic() + drainMs;
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
