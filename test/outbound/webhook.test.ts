import { describe, expect, it, onTestFinished } from 'vitest';
import { createOutbound } from '../../src/outbound/index.js';
import { webhookTask } from '../../src/tasks/work/index.js';
import { taskContext } from '../support/task-context.js';
import { startTarget } from './target-server.js';

function startTask() {
  const outbound = createOutbound({ allowHosts: ['127.0.0.1'] });
  onTestFinished(() => outbound.close());
  return webhookTask(outbound);
}

const context = (signal = new AbortController().signal) =>
  taskContext({ idempotencyKey: 'key-1', signal });

describe('a webhook', () => {
  it('that is aborted ends with the reason, and its target sees the connection close', async () => {
    const stop = new AbortController();
    const reason = new Error('the lease is lost');
    let ended = false;
    const target = await startTarget((response) => {
      response.on('close', () => {
        ended = true;
      });
      stop.abort(reason);
    });
    const run = startTask().run({ url: target.origin }, context(stop.signal));
    await expect(run).rejects.toBe(reason);
    await expect.poll(() => ended).toBe(true);
  });

  it('that is answered 429 is refused with the pause the target asked for', async () => {
    const target = await startTarget((response) => {
      response.writeHead(429, { 'Retry-After': '7' }).end('slow down');
    });
    await expect(startTask().run({ url: target.origin }, context())).rejects.toMatchObject({
      code: 'response-not-ok',
      retryable: true,
      details: { status: 429, body: 'slow down', retryAfterMs: 7_000 },
    });
  });

  it('that is redirected inside does not follow, and is not tried again', async () => {
    const inside = await startTarget((response) => response.end('secret'));
    const target = await startTarget((response) => {
      response.writeHead(307, { location: inside.origin }).end();
    });
    await expect(startTask().run({ url: target.origin }, context())).rejects.toMatchObject({
      code: 'response-not-ok',
      retryable: false,
      details: { status: 307, location: inside.origin },
    });
    expect(inside.connections()).toBe(0);
  });

  it('arrives as it was asked for, and its answer is the result', async () => {
    const target = await startTarget((response, { body }) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(`{"got":${body}}`);
    });
    const input = {
      url: `${target.origin}/hook?a=b`,
      headers: { Authorization: 'Bearer x', 'X-Latin': 'é' },
      body: { text: 'Grüße' },
    };
    expect(await startTask().run(input, context())).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: { got: { text: 'Grüße' } },
    });
    expect(target.received).toMatchObject([
      {
        method: 'POST',
        path: '/hook?a=b',
        body: '{"text":"Grüße"}',
        headers: {
          authorization: 'Bearer x',
          'content-type': 'application/json',
          'idempotency-key': 'key-1',
          'holdfast-promise-id': '0190f5fe-7c00-7a00-8000-000000000001',
          'holdfast-attempt': '1',
          'user-agent': 'holdfast',
        },
      },
    ]);
  });

  it('whose answer has no end is kept with what is there', async () => {
    const target = await startTarget((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write('[['.repeat(32_768)), 1);
      response.on('close', () => clearInterval(timer));
    });
    const result = await startTask().run({ url: target.origin }, context());
    expect(result).toMatchObject({ status: 200, truncated: true, body: '['.repeat(262_144) });
  });
});
