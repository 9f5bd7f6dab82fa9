import type { Client, Config } from '@libsql/core/api';
import { LibsqlError } from '@libsql/core/api';

/** A shared WebSocket fails from its second use on Workers, so there are none. */
export function createWebSocketClient(config: Config): Client {
  throw new LibsqlError(
    `On Workers a client speaks HTTP only: give it the http: or https: address instead of ${config.url}`,
    'URL_SCHEME_NOT_SUPPORTED',
  );
}
