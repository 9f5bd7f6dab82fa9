import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createOutbound, type OutboundOptions } from '../../src/outbound/index.js';
import { freePort } from '../support/free-port.js';
import { startTarget } from './target-server.js';

function outboundTo(...allowHosts: string[]) {
  return started({ allowHosts });
}

function started(options: OutboundOptions) {
  const outbound = createOutbound(options);
  onTestFinished(() => outbound.close());
  return outbound;
}

const code = (expected: string, retryable: boolean) =>
  expect.objectContaining({ name: 'HoldfastError', code: expected, retryable });

/** A TCP server that does with each connection as told. */
async function startRaw(talk: (socket: Socket) => void) {
  const server = createServer(talk).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('a call is refused', () => {
  it('before a connection is made, when the address shows', async () => {
    const target = await startTarget((response) => response.end());
    const outbound = outboundTo();
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost']) {
      await expect(outbound.fetch(`http://${host}:${target.port}/`)).rejects.toEqual(
        code('address-refused', false),
      );
    }
    expect(target.connections()).toBe(0);
  });

  it('when a public name resolves to a private address', async () => {
    const target = await startTarget((response) => response.end());
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '169.254.169.254']) {
      const family = address.includes(':') ? 6 : 4;
      const outbound = started({
        allowHosts: [],
        resolve: () => Promise.resolve([{ address, family }]),
      });
      await expect(outbound.fetch(`http://hook.example.com:${target.port}/`)).rejects.toEqual(
        code('address-refused', false),
      );
    }
    expect(target.connections()).toBe(0);
  });

  it('when the name answers an allowed address first and a private one later', async () => {
    const port = await freePort();
    const allowed = await startTarget((response) => response.end('allowed'), { host: '::1', port });
    const inside = await startTarget((response) => response.end('inside'), { port });
    let lookups = 0;
    const outbound = started({
      allowHosts: ['::1'],
      resolve: () => {
        lookups += 1;
        return Promise.resolve([
          lookups === 1 ? { address: '::1', family: 6 } : { address: '127.0.0.1', family: 4 },
        ]);
      },
    });
    const url = `http://rebind.example.com:${allowed.port}/`;

    // One lookup for one connection: what was checked is what is connected to.
    expect((await outbound.fetch(url)).text).toBe('allowed');
    expect([lookups, allowed.connections()]).toEqual([1, 1]);

    // The next connection is checked anew.
    allowed.disconnect();
    await expect
      .poll(() => outbound.fetch(url).catch((error: { code: string }) => error.code))
      .toBe('address-refused');
    expect(inside.connections()).toBe(0);
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('with %i is returned and not followed', async (status) => {
    const inside = await startTarget((response) => response.end('secret'));
    const target = await startTarget((response) => {
      response.writeHead(status, { location: `${inside.origin}/admin` }).end('moved');
    });
    const answer = await outboundTo('127.0.0.1').fetch(target.origin, { method: 'POST' });
    expect(answer).toMatchObject({ status, text: 'moved' });
    expect(answer.headers.location).toBe(`${inside.origin}/admin`);
    expect(inside.connections()).toBe(0);
  });
});

describe('a call ends', () => {
  it('after timeoutMs, when no answer comes', async () => {
    const target = await startTarget(() => {});
    await expect(outboundTo('127.0.0.1').fetch(target.origin, { timeoutMs: 100 })).rejects.toEqual(
      code('attempt-timeout', true),
    );
  });

  it('after timeoutMs, when the body stops half way', async () => {
    const target = await startTarget((response) => {
      response.write('begun');
    });
    await expect(outboundTo('127.0.0.1').fetch(target.origin, { timeoutMs: 100 })).rejects.toEqual(
      code('attempt-timeout', true),
    );
  });

  it('with the reason of its signal, and the connection with it', async () => {
    const stop = new AbortController();
    const reason = new Error('the lease is lost');
    let ended = false;
    const target = await startTarget((response) => {
      response.on('close', () => {
        ended = true;
      });
      response.write('begun');
      stop.abort(reason);
    });
    const call = outboundTo('127.0.0.1').fetch(target.origin, { signal: stop.signal });
    await expect(call).rejects.toBe(reason);
    await expect.poll(() => ended).toBe(true);
  });

  it('at once, when the signal has aborted before', async () => {
    const target = await startTarget((response) => response.end());
    const reason = new Error('too late');
    await expect(
      outboundTo('127.0.0.1').fetch(target.origin, { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    expect(target.connections()).toBe(0);
  });
});

describe('a target is unreachable', () => {
  const unreachable = code('target-unreachable', true);

  it('when it resets the connection, before or within its answer', async () => {
    const outbound = outboundTo('127.0.0.1');
    const early = await startRaw((socket) => socket.once('data', () => socket.resetAndDestroy()));
    await expect(outbound.fetch(early)).rejects.toEqual(unreachable);
    const late = await startRaw((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', () => {
          socket.resetAndDestroy();
        });
      });
    });
    await expect(outbound.fetch(late)).rejects.toEqual(unreachable);
  });

  it('when nobody listens, naming the host and the code', async () => {
    const port = await unusedPort();
    const error = await outboundTo('127.0.0.1')
      .fetch(`http://127.0.0.1:${port}/`)
      .catch((thrown: unknown) => thrown);
    expect(error).toEqual(unreachable);
    expect(error).toMatchObject({
      details: { host: `127.0.0.1:${port}`, code: 'ECONNREFUSED' },
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('when its name has no address', async () => {
    const outbound = started({
      allowHosts: [],
      resolve: () =>
        Promise.reject(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' })),
    });
    await expect(outbound.fetch('http://nobody.example.com/')).rejects.toMatchObject({
      code: 'target-unreachable',
      details: { code: 'ENOTFOUND' },
    });
  });

  it('when it does not speak HTTP, or sends no end of headers', async () => {
    const outbound = outboundTo('127.0.0.1');
    const other = await startRaw((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    await expect(outbound.fetch(other)).rejects.toEqual(unreachable);
    const endless = await startRaw((socket) => {
      socket.on('error', () => {});
      socket.write(`HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(100_000)}`);
    });
    await expect(outbound.fetch(endless)).rejects.toEqual(unreachable);
  });
});

describe('a body', () => {
  it('without end is cut, and its connection is given up', async () => {
    let ended = false;
    const target = await startTarget((response) => {
      const timer = setInterval(() => response.write('x'.repeat(65_536)), 1);
      response.on('close', () => {
        clearInterval(timer);
        ended = true;
      });
    });
    const answer = await outboundTo('127.0.0.1').fetch(target.origin, {
      responseBytesMax: 262_144,
    });
    expect([answer.text.length, answer.truncated]).toEqual([262_144, true]);
    await expect.poll(() => ended).toBe(true);
  });

  it('that unpacks to far more than was sent is cut where it is unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, 'x'));
    const target = await startTarget((response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });
    const answer = await outboundTo('127.0.0.1').fetch(target.origin, { responseBytesMax: 1_000 });
    expect([answer.text.length, answer.truncated]).toEqual([1_000, true]);
  });

  it('goes out as it is given, with its headers, and comes back as text', async () => {
    const target = await startTarget((response, { body }) => {
      response.writeHead(201, { 'X-Case': 'Kept', 'set-cookie': ['a=1', 'b=2'] }).end(`${body}!`);
    });
    const answer = await outboundTo('127.0.0.1').fetch(`${target.origin}/p?q=1`, {
      method: 'PUT',
      headers: { 'X-Sent': 'é', 'Content-Type': 'text/x' },
      body: 'Grüße',
    });
    expect(answer).toMatchObject({
      status: 201,
      text: 'Grüße!',
      truncated: false,
      headers: { 'x-case': 'Kept', 'set-cookie': 'a=1, b=2' },
    });
    expect(target.received).toMatchObject([
      { method: 'PUT', path: '/p?q=1', body: 'Grüße', headers: { 'content-type': 'text/x' } },
    ]);
  });
});

describe('an allowed host is called', () => {
  it('by IPv6 literal', async () => {
    const target = await startTarget((response) => response.end('six'), { host: '::1' });
    expect((await outboundTo('::1').fetch(`${target.origin}/`)).text).toBe('six');
  });

  it('by the other spellings of its address', async () => {
    const target = await startTarget((response) => response.end('four'));
    const outbound = outboundTo('127.0.0.1');
    for (const host of ['2130706433', '127.1', '[::ffff:127.0.0.1]']) {
      expect((await outbound.fetch(`http://${host}:${target.port}/`)).text).toBe('four');
    }
  });

  it('by name, wherever the machine resolves it to', async () => {
    const target = await startTarget((response, { headers }) => response.end(headers.host));
    const url = `http://localhost:${target.port}/`;
    expect((await outboundTo('localhost').fetch(url)).text).toBe(`localhost:${target.port}`);
  });
});

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
