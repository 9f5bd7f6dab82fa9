import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Received {
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
}

export interface Target {
  readonly url: string;
  readonly calls: readonly Received[];
  /** Resolves when the `count`-th call has come in. */
  called(count: number): Promise<void>;
}

/** Somebody else's server, which answers as `answer` says. It ends with the test. */
export async function startTarget(
  answer: (call: number, response: ServerResponse) => void = (_call, response) => {
    response.end();
  },
): Promise<Target> {
  const calls: Received[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    calls.push({ body: text === '' ? null : JSON.parse(text), headers: request.headers });
    answer(calls.length, response);
    for (const { count, resolve } of waiting) if (calls.length >= count) resolve();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    called: (count) =>
      new Promise((resolve) => {
        if (calls.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
  };
}
