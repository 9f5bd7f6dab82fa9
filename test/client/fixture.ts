import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { onTestFinished } from 'vitest';
import { createApp } from '../../functions/app.js';
import { type Client, type ClientOptions, createClient } from '../../src/client/index.js';
import { openService, type TestService, type TestServiceOptions } from '../http/fixture.js';

export interface ClientFixture {
  readonly service: TestService;
  readonly client: Client;
  readonly url: string;
  /** What was asked for: method and path. */
  readonly asked: readonly string[];
}

/** A service behind a socket, and a client of it. */
export async function openClient(
  options: TestServiceOptions & { readonly client?: Partial<ClientOptions> } = {},
): Promise<ClientFixture> {
  const service = await openService(options);
  const app = createApp();
  const asked: string[] = [];
  const server = createServer(
    getRequestListener((request) => {
      const { pathname, search } = new URL(request.url);
      asked.push(`${request.method} ${pathname}${search}`);
      return app.fetch(request, service.services);
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    service,
    client: createClient({ url, key: service.key, ...options.client }),
    url,
    asked,
  };
}
