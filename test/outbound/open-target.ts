import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface TargetServer {
  readonly port: number;
  /** `http://127.0.0.1:PORT`, or its like for another host. */
  readonly origin: string;
  readonly received: Received[];
  /** Connections accepted so far. */
  connections(): number;
  /** Ends every connection, as a restarting server does. */
  disconnect(): void;
}

/** A real server; whoever opens it closes it. */
export async function openTarget(
  answer: (response: ServerResponse, request: Received) => void,
  { host = '127.0.0.1', port = 0 } = {},
): Promise<TargetServer & { readonly close: () => void }> {
  const received: Received[] = [];
  let connections = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    received.push(one);
    answer(response, one);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed).listen(port, host, listening);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    received,
    connections: () => connections,
    disconnect: () => server.closeAllConnections(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
