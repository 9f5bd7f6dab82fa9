import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { expired, type Pipeline } from '../../test/support/pipeline.js';

export const NET_FAULTS = {
  stall: 'takes the request, and does nothing with it',
  'half-open': 'carries it out, and never answers',
  reset: 'resets the connection before anything was carried out',
  'reset-after': 'carries it out, and resets the connection',
  truncate: 'cuts the answer in the middle',
  delay: 'answers after 150 ms',
  duplicate: 'carries it out twice',
  throttle: 'answers a few bytes at a time',
  'status-401': 'answers 401',
  'status-429': 'answers 429',
  'status-500': 'answers 500',
  'status-502': 'carries it out, and answers 502',
  'status-503': 'answers 503',
  expire: 'answers that the transaction ran out of time',
  refuse: 'takes no connection',
} as const;

export type NetFault = keyof typeof NET_FAULTS;

/** Under every other fault no call of the database can succeed while it lasts. */
export const ANSWERED: ReadonlySet<NetFault> = new Set(['delay', 'duplicate', 'throttle']);

const DELAY_MS = 150;
const THROTTLE = { bytes: 64, everyMs: 40 } as const;

/** A network between a client and its server, which fails when it is told to. */
export class Network {
  fault: NetFault | undefined;
  readonly #server: Server;
  #port = 0;

  private constructor(
    private readonly target: URL,
    private readonly host: string,
  ) {
    this.#server = createServer((asked, answer) => void this.#pass(asked, answer));
  }

  /** @param host what the server is called, by which it knows the database that is meant */
  static async start(target: string, host: string): Promise<Network> {
    const network = new Network(new URL(target), host);
    await network.#listen();
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async fail(fault: NetFault): Promise<void> {
    this.fault = fault;
    if (fault === 'refuse') await this.#close();
  }

  /** From now on everything passes; what hangs goes on hanging. */
  async heal(): Promise<void> {
    const { fault } = this;
    this.fault = undefined;
    if (fault === 'refuse') await this.#listen();
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.#close();
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { fault } = this;
    const parts: Buffer[] = [];
    asked.on('error', () => {});
    answer.on('error', () => {});
    for await (const part of asked) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const status = /^status-(\d+)$/.exec(fault ?? '')?.[1];
    if (fault === 'stall') return;
    if (fault === 'reset') return void asked.socket.resetAndDestroy();
    if (status !== undefined && status !== '502') {
      answer.writeHead(Number(status), { 'content-type': 'text/plain' }).end('an injected fault');
      return;
    }
    if (fault === 'expire') return void answer.end(JSON.stringify(expired(pipelineIn(body))));
    if (fault === 'duplicate') await this.#forward(asked, body);
    const given = await this.#forward(asked, body);
    if (fault === 'half-open') return;
    if (fault === 'reset-after') return void asked.socket.resetAndDestroy();
    if (fault === 'status-502') return void answer.writeHead(502).end('an injected fault');
    if (fault === 'delay') await sleep(DELAY_MS);
    answer.writeHead(given.status, { ...given.headers, 'content-length': given.body.length });
    if (fault === 'truncate') {
      answer.write(given.body.subarray(0, Math.floor(given.body.length / 2)));
      await sleep(5);
      return void asked.socket.destroy();
    }
    if (fault === 'throttle') await trickle(answer, given.body);
    else answer.end(given.body);
  }

  #forward(asked: IncomingMessage, body: Buffer): Promise<Given> {
    const { hostname, port } = this.target;
    const { 'transfer-encoding': _encoding, ...kept } = asked.headers;
    const headers = { ...kept, host: this.host, 'content-length': body.length };
    return new Promise((resolve, reject) => {
      const options = { hostname, port, path: asked.url, method: asked.method };
      const sent = request({ ...options, headers });
      sent.on('error', reject);
      sent.on('response', async (response) => {
        const parts: Buffer[] = [];
        for await (const part of response) parts.push(part as Buffer);
        const { 'transfer-encoding': _chunked, ...given } = response.headers;
        resolve({ status: response.statusCode ?? 500, headers: given, body: Buffer.concat(parts) });
      });
      sent.end(body);
    });
  }
}

interface Given {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

const pipelineIn = (body: Buffer) => JSON.parse(body.toString() || '{"requests":[]}') as Pipeline;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function trickle(answer: ServerResponse, body: Buffer): Promise<void> {
  for (let at = 0; at < body.length; at += THROTTLE.bytes) {
    if (answer.destroyed) return;
    answer.write(body.subarray(at, at + THROTTLE.bytes));
    await sleep(THROTTLE.everyMs);
  }
  answer.end();
}
