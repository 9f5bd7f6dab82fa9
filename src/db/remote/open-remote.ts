import { systemClock, systemRandom } from '../../core/index.js';
import { newRecorder } from '../new-recorder.js';
import { OPEN_DEFAULTS, type OpenOptions, settingsOf } from '../open-options.js';
import { AuthTokens } from './auth-token.js';
import { RemoteDatabase } from './remote-database.js';
import { ServerCalls } from './server-calls.js';
import { serverState } from './server-state.js';

/** Prepares a database on a server. Does no I/O. */
export function openRemote(
  options: OpenOptions,
  recorder = options.recorder ?? newRecorder(options),
): RemoteDatabase {
  const clock = options.clock ?? systemClock;
  if (options.onEvent !== undefined) recorder.listen(options.onEvent);
  const url = httpUrl(options.url);
  const server = serverState(url, clock);
  const calls = new ServerCalls({
    clock,
    random: options.random ?? systemRandom,
    // Called late and without a receiver: workerd refuses a `fetch` that is called as a method.
    fetch: options.fetch ?? ((request, init) => fetch(request, init)),
    tokens: new AuthTokens(options.authToken),
    server,
    recorder,
    requestTimeoutMs: options.requestTimeoutMs ?? OPEN_DEFAULTS.requestTimeoutMs,
  });
  return new RemoteDatabase({
    name: options.name,
    url,
    adminUrl: options.adminUrl,
    namespace: options.namespace ?? OPEN_DEFAULTS.namespace,
    settings: settingsOf(options.profile, options.settings),
    calls,
    server,
    recorder,
    now: () => clock.now(),
  });
}

/** The same server by its HTTP address: both speak on one port. */
function httpUrl(url: string): string {
  return url.replace(/^ws(s?):/i, 'http$1:');
}
