import { describe, expect, it } from 'vitest';
import { taskContext } from '../../../test/support/task-context.js';
import { type Clock, systemClock } from '../../core/index.js';
import type { Outbound, OutboundRequest, OutboundResponse } from '../../outbound/index.js';
import { webhookTask } from './webhook.js';
import type { WebhookInput } from './webhook-input.js';

const url = 'https://example.com/hook';
const clock: Clock = { ...systemClock, now: () => Date.parse('2030-01-01T00:00:00Z') };
const context = taskContext({ id: 'promise-1', attempt: 2, idempotencyKey: 'key-1' });

/** An outbound that answers as told and keeps what it was asked. */
function answering(answer: Partial<OutboundResponse>) {
  const requests: OutboundRequest[] = [];
  const outbound: Outbound = {
    refuse: (text) => (text.includes('127.0.0.1') ? '127.0.0.1 is a loopback address' : undefined),
    fetch: (_url, request = {}) => {
      requests.push(request);
      return Promise.resolve({ status: 200, headers: {}, text: '', truncated: false, ...answer });
    },
    close: () => Promise.resolve(),
  };
  const task = webhookTask(outbound, clock);
  const run = async (input: Partial<WebhookInput> = {}) => task.run({ url, ...input }, context);
  return { task, requests, run };
}

const refusal = (answer: Partial<OutboundResponse>) =>
  answering(answer)
    .run()
    .then(
      () => expect.fail('the answer was taken for a good one'),
      (error: unknown) => error as { details: Record<string, unknown> },
    );

describe('the webhook task refuses', () => {
  it('a URL that may not be called, when the promise is made', () => {
    const { task } = answering({});
    expect(() => task.admit?.({ url: 'http://127.0.0.1/' })).toThrow(
      expect.objectContaining({ code: 'address-refused', retryable: false }),
    );
    expect(() => task.admit?.({ url })).not.toThrow();
  });

  it.each([300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 410, 422, 451, 489])(
    'an answer with %i for good',
    async (status) => {
      const error = await refusal({ status, headers: { 'retry-after': '5' } });
      expect(error).toMatchObject({ code: 'response-not-ok', retryable: false });
      expect(error.details).toMatchObject({ status });
      expect(error.details).not.toHaveProperty('retryAfterMs');
    },
  );

  it.each([408, 409, 425, 429, 500, 502, 503, 504, 599])(
    'an answer with %i, to try again',
    async (status) => {
      const error = await refusal({ status });
      expect(error).toMatchObject({ code: 'response-not-ok', retryable: true });
      expect(error.details).toEqual({ status, body: '' });
    },
  );

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['99999999', 86_400_000],
    ['Tue, 01 Jan 2030 00:01:00 GMT', 60_000],
    ['Mon, 31 Dec 2029 00:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    ['-5', undefined],
    ['1.5', undefined],
  ])('and honours Retry-After: %s', async (value, retryAfterMs) => {
    const { details } = await refusal({ status: 503, headers: { 'retry-after': value } });
    expect(details.retryAfterMs).toBe(retryAfterMs);
  });

  it('and tells where a redirect led, and the beginning of a body', async () => {
    const { details } = await refusal({
      status: 302,
      headers: { location: 'http://127.0.0.1/' },
      text: `\u0000${'x'.repeat(5_000)}`,
    });
    expect(details.location).toBe('http://127.0.0.1/');
    expect(details.body).toBe(`\ufffd${'x'.repeat(1_023)}`);
  });
});

describe('the webhook task sends', () => {
  it('POST, its own headers and no body, when given a url alone', async () => {
    const { requests, run } = answering({});
    await run();
    expect(requests).toEqual([
      {
        method: 'POST',
        headers: {
          'user-agent': 'holdfast',
          'idempotency-key': 'key-1',
          'holdfast-promise-id': 'promise-1',
          'holdfast-attempt': '2',
        },
        signal: context.signal,
        responseBytesMax: 262_144,
      },
    ]);
  });

  it.each([
    [{ a: [1] }, '{"a":[1]}', 'application/json'],
    [null, 'null', 'application/json'],
    [0, '0', 'application/json'],
    ['a=b', 'a=b', 'text/plain; charset=utf-8'],
    ['', '', 'text/plain; charset=utf-8'],
  ])('the body %j as %j', async (body, sent, contentType) => {
    const { requests, run } = answering({});
    await run({ body });
    expect(requests[0]?.body).toBe(sent);
    expect(requests[0]?.headers?.['content-type']).toBe(contentType);
  });

  it('the headers of the payload, whatever their case', async () => {
    const { requests, run } = answering({});
    const type = 'application/x-www-form-urlencoded';
    await run({ body: 'a=b', headers: { 'CONTENT-Type': type, 'User-Agent': 'mine' } });
    expect(requests[0]?.headers).toMatchObject({ 'content-type': type, 'user-agent': 'mine' });
  });
});

describe('the result of a webhook', () => {
  const json = { 'content-type': 'application/json; charset=utf-8' };
  const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

  it.each([
    ['application/json', '{"a":1}', { a: 1 }],
    ['Application/Problem+JSON;x=y', '[1]', [1]],
    ['application/json', 'null', null],
    ['text/html', '{"a":1}', '{"a":1}'],
    ['application/jsonp', '1', '1'],
    ['application/json', '{"a":', '{"a":'],
    ['application/json', '', ''],
    ['application/json', deep(64), JSON.parse(deep(64))],
  ])('with %s and %s has the body %j', async (type, text, body) => {
    const { run } = answering({ status: 201, headers: { 'content-type': type }, text });
    expect(await run()).toEqual({ status: 201, headers: { 'content-type': type }, body });
  });

  it.each([
    ['strings that no database stores', '{"a":"\\u0000"}'],
    ['keys that no database stores', '{"\\ud800":1}'],
    ['nesting of 65', deep(65)],
    ['nesting of 100,000', deep(100_000)],
    ['numbers that grow when written again', `[${'1e20,'.repeat(50_000)}1]`],
  ])('keeps as text JSON with %s', async (_what, text) => {
    expect(await answering({ headers: json, text }).run()).toMatchObject({ body: text });
  });

  it('says that it is cut, and keeps cut JSON as text', async () => {
    const { run } = answering({ headers: json, text: '[1]', truncated: true });
    expect(await run()).toEqual({ status: 200, headers: json, body: '[1]', truncated: true });
  });

  it('has no characters that no database stores', async () => {
    const { run } = answering({
      headers: { 'x-a': 'a\u0000' },
      text: 'a\u0000\u0001\t\r\n\ud800é',
    });
    expect(await run()).toEqual({
      status: 200,
      headers: { 'x-a': 'a\ufffd' },
      body: 'a\ufffd\ufffd\t\r\n\ufffdé',
    });
  });
});
