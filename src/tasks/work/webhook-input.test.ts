import { describe, expect, it } from 'vitest';
import { parseInput } from '../../core/index.js';
import { webhookInput } from './webhook-input.js';

const url = 'https://example.com/hook';
const parse = (payload: unknown) => parseInput(webhookInput, payload, 'payload');
const headers = (given: Record<string, string>) => () => parse({ url, headers: given });

describe('the payload of a webhook', () => {
  it.each([
    [null, 'payload'],
    [{}, 'payload.url'],
    [{ url: '' }, 'payload.url'],
    [{ url: 'example.com' }, 'payload.url'],
    [{ url: 7 }, 'payload.url'],
    [{ url: `${url}?${'x'.repeat(8_192)}` }, 'payload.url'],
    [{ url, method: 'CONNECT' }, 'payload.method'],
    [{ url, method: 'post' }, 'payload.method'],
    [{ url, method: 'GET', body: {} }, 'payload.body'],
    [{ url, method: 'HEAD', body: '' }, 'payload.body'],
    [{ url, body: 'a\u0000' }, 'payload.body'],
    [{ url, timeout: 5 }, 'payload'],
  ])('%j is refused, naming %s', (payload, field) => {
    expect(() => parse(payload)).toThrow(
      expect.objectContaining({
        code: 'input-invalid',
        message: expect.stringContaining(`${field}: `),
      }),
    );
  });

  it.each([
    'Idempotency-Key',
    'IDEMPOTENCY-KEY',
    'Holdfast-Promise-Id',
    'holdfast-attempt',
    'Holdfast-Anything',
    'Host',
    'Connection',
    'Keep-Alive',
    'Proxy-Authorization',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Content-Length',
    'Expect',
    'Bad Name',
    'Bad:Name',
    'Bad\r\nName',
    'Namé',
    '',
  ])('the header %j cannot be given, and is named', (name) => {
    expect(headers({ [name]: 'x' })).toThrow(
      expect.objectContaining({
        code: 'input-invalid',
        issues: [expect.objectContaining({ path: `payload.headers.${name}` })],
      }),
    );
  });

  it.each(['a\r\nHost: b', 'a\nb', '\u0000', ' a', 'a ', '\ta', '€', 'x'.repeat(8_193)])(
    'the header value %j is refused',
    (value) => {
      expect(headers({ 'X-A': value })).toThrow('payload.headers.X-A: must be');
    },
  );

  it('refuses a header given in two cases, and more than 100', () => {
    expect(headers({ 'X-A': '1', 'x-a': '2' })).toThrow('payload.headers.x-a: is given twice');
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`x-${at}`, '']));
    expect(headers(many)).toThrow('payload.headers: must be at most 100 headers');
  });

  it('is taken with a url alone, and with everything', () => {
    expect(parse({ url })).toEqual({ url });
    const whole = {
      url,
      method: 'PUT',
      headers: { 'X-A': 'é \t b', Authorization: 'Bearer x', 'x-empty': '' },
      body: null,
    };
    expect(parse(whole)).toEqual(whole);
  });

  it('leaves what may not be called to the guard, zone ids included', () => {
    for (const one of ['ftp://example.com', 'http://[fe80::1%25eth0]:80/x']) {
      expect(parse({ url: one })).toEqual({ url: one });
    }
  });
});
