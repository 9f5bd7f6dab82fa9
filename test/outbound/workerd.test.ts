import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unstable_startWorker } from 'wrangler';
import type { Call } from './calling-worker.js';
import { startTarget } from './target-server.js';

type Worker = Awaited<ReturnType<typeof unstable_startWorker>>;

describe('a call from workerd', () => {
  let worker: Worker;

  beforeAll(async () => {
    worker = await unstable_startWorker({
      name: 'calling-worker',
      entrypoint: fileURLToPath(new URL('./calling-worker.ts', import.meta.url)),
      // Not the project's wrangler.toml: its entry needs databases.
      config: '',
      compatibilityDate: '2026-04-26',
      dev: { logLevel: 'error', watch: false, inspector: false, server: { port: 0 } },
    });
    await worker.ready;
  });
  afterAll(() => worker.dispose());

  const call = async (
    url: string,
    request: Call['request'] = {},
    allowHosts: readonly string[] = ['127.0.0.1'],
  ) => {
    const body = JSON.stringify({ url, request, allowHosts } satisfies Call);
    return (await worker.fetch('http://worker/', { method: 'POST', body })).json();
  };

  it('is refused when the name or the address shows that it is private', async () => {
    const target = await startTarget((response) => response.end());
    for (const host of ['127.0.0.1', '0x7f.1', '[::ffff:7f00:1]', 'localhost', 'redis']) {
      expect(await call(`http://${host}:${target.port}/`, {}, [])).toMatchObject({
        code: 'address-refused',
        retryable: false,
      });
    }
    expect(target.connections()).toBe(0);
  });

  it('gets a redirect as it is', async () => {
    const inside = await startTarget((response) => response.end('secret'));
    const target = await startTarget((response) => {
      response.writeHead(302, { location: inside.origin }).end('moved');
    });
    expect(await call(target.origin)).toMatchObject({ status: 302, text: 'moved' });
    expect(inside.connections()).toBe(0);
  });

  it('ends after timeoutMs and tells of a broken connection', async () => {
    const silent = await startTarget(() => {});
    expect(await call(silent.origin, { timeoutMs: 100 })).toMatchObject({
      code: 'attempt-timeout',
      retryable: true,
    });
    const resetting = await startTarget((response) => response.destroy());
    expect(await call(resetting.origin)).toMatchObject({
      code: 'target-unreachable',
      retryable: true,
    });
  });

  it('is cut at the bound and gives its connection up', async () => {
    let ended = false;
    const target = await startTarget((response) => {
      const timer = setInterval(() => response.write('x'.repeat(65_536)), 1);
      response.on('close', () => {
        clearInterval(timer);
        ended = true;
      });
    });
    const answer = await call(target.origin, { responseBytesMax: 1_000 });
    expect(answer).toMatchObject({ text: 'x'.repeat(1_000), truncated: true });
    await expect.poll(() => ended).toBe(true);
  });

  it('arrives as it was asked for', async () => {
    const target = await startTarget((response, { body }) => response.end(`${body}!`));
    const request = { method: 'PUT', headers: { 'x-a': 'é' }, body: 'Grüße' };
    expect(await call(`${target.origin}/p?q=1`, request)).toMatchObject({
      status: 200,
      text: 'Grüße!',
    });
    expect(target.received).toMatchObject([{ method: 'PUT', path: '/p?q=1', body: 'Grüße' }]);
  });
});
