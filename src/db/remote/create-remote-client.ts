import { createClient as createHttpClient } from '@libsql/client/http';
import type { Client, Config } from '@libsql/core/api';
import { expandConfig } from '@libsql/core/config';
import { createWebSocketClient } from '#db/web-socket';
import { systemClock, systemRandom } from '../../core/index.js';
import type { ClientConfig } from '../drop-in/client-config.js';
import { newRecorder } from '../new-recorder.js';
import { OPEN_DEFAULTS } from '../open-options.js';
import { PROFILES } from '../settings.js';
import { AuthTokens } from './auth-token.js';
import { RemoteClient } from './remote-client.js';
import type { Fetch } from './request.js';
import { type Attempt, ServerCalls } from './server-calls.js';
import { serverState } from './server-state.js';

/** A client over `http`, `https`, `libsql`, `ws` or `wss`. Does no I/O before its first call. */
export function createRemoteClient(config: ClientConfig): RemoteClient {
  const clock = config.clock ?? systemClock;
  const recorder = newRecorder({ ...config, name: config.name ?? config.url });
  if (config.onEvent !== undefined) recorder.listen(config.onEvent);
  const server = serverState(config.url, clock);
  const calls = new ServerCalls({
    clock,
    random: config.random ?? systemRandom,
    fetch: fetchOf(config),
    tokens: new AuthTokens(config.authToken ?? expandConfig({ url: config.url }, true).authToken),
    server,
    recorder,
    requestTimeoutMs: config.requestTimeoutMs ?? OPEN_DEFAULTS.requestTimeoutMs,
    foreignSqlErrors: true,
  });
  return new RemoteClient({
    calls,
    server,
    recorder,
    deadlineMs: config.deadlineMs ?? config.timeout ?? PROFILES.client.busyDeadlineMs,
    now: () => clock.now(),
    open: opener(config),
  });
}

/** HTTP: a client an attempt, which costs no I/O. WebSocket: one client, which keeps its connection. */
function opener(config: ClientConfig): (attempt?: Attempt) => Client {
  const { authToken, clock, random, log, onEvent, settings, checkpoints, ...theirs } = config;
  if (/^wss?:/i.test(config.url)) {
    const token = typeof authToken === 'string' ? { authToken } : {};
    const client = createWebSocketClient({ ...theirs, ...token });
    return () => client;
  }
  return (attempt) => {
    const own: Partial<Config> =
      attempt === undefined
        ? {}
        : {
            fetch: attempt.fetch,
            ...(attempt.authToken === undefined ? {} : { authToken: attempt.authToken }),
          };
    return createHttpClient({ ...theirs, ...own });
  };
}

function fetchOf(config: ClientConfig): Fetch {
  const given = config.fetch;
  // Called late and without a receiver: workerd refuses a `fetch` that is called as a method.
  if (given === undefined) return (request, init) => fetch(request, init);
  return (request, init) => given(request, init) as Promise<Response>;
}
