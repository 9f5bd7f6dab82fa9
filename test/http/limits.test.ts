import { describe, expect, test } from 'vitest';
import { RateLimits } from '../../functions/http/rate-limits.js';
import { systemClock } from '../../src/core/index.js';
import { openService, type Told } from './fixture.js';

describe('a rate limit', () => {
  const key = {
    id: 'a',
    name: 'a',
    scopes: ['read'],
    reach: { tenant: '', queues: null },
    rateLimit: { limit: 3, periodMs: 3_000 },
  } as const;

  test('gives its quota at once, then one more a share of the period, whatever the clock', () => {
    const time = { now: 0.1 };
    const limits = new RateLimits(null, { ...systemClock, monotonic: () => time.now });
    const left = () => /r=(\d+)/.exec(limits.take(key)?.RateLimit ?? '')?.[1];
    expect([left(), left(), left()]).toEqual(['2', '1', '0']);
    expect(() => limits.take(key)).toThrow('3 requests in 3000 ms');
    time.now += 999;
    expect(() => limits.take(key)).toThrow();
    time.now += 1;
    expect(left()).toBe('0');
    time.now += 1e9;
    expect([left(), left(), left()]).toEqual(['2', '1', '0']);
    expect(limits.take({ ...key, id: 'b' })?.RateLimit).toBe('"key";r=2;t=1');
    expect(limits.take({ ...key, id: 'c', rateLimit: null })).toBeNull();
  });

  test('of a key is told with every answer, and passed is 429', async () => {
    const { ask } = await openService();
    const body = { name: 'n', scopes: ['read'], rateLimit: { limit: 2, period: '1h' } };
    const made = await ask('POST', '/v1/keys', { body });
    const told: Told[] = [];
    for (let n = 0; n < 3; n += 1)
      told.push(await ask('GET', '/v1/promises', { key: made.body.key }));
    expect(told.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(told[0]?.headers.get('RateLimit-Policy')).toBe('"key";q=2;w=3600');
    expect(told.map(({ headers }) => /r=(\d)/.exec(headers.get('RateLimit') ?? '')?.[1])).toEqual([
      '1',
      '0',
      '0',
    ]);
    expect(told[2]?.body.code).toBe('rate-limited');
    expect(Number(told[2]?.headers.get('Retry-After'))).toBeGreaterThan(1_700);
    const free = await ask('GET', '/v1/promises');
    expect([free.status, free.headers.get('RateLimit')]).toEqual([200, null]);
  });

  test('may be set for all keys that have none of their own', async () => {
    const { ask } = await openService({ env: { HOLDFAST_RATE_LIMIT: '1/1h' } });
    const made = await ask('POST', '/v1/keys', { body: { name: 'n', scopes: ['read'] } });
    expect((await ask('GET', '/v1/promises', { key: made.body.key })).status).toBe(200);
    expect((await ask('GET', '/v1/promises', { key: made.body.key })).status).toBe(429);
  });
});

describe('other origins', () => {
  const from = (origin: string) => ({ Origin: origin });
  const asking = { ...from('https://app.example'), 'Access-Control-Request-Method': 'POST' };

  test('are let in by nothing unless they are set', async () => {
    const { ask } = await openService();
    const refused = await ask('OPTIONS', '/v1/promises', { headers: asking, key: null });
    expect([refused.status, refused.headers.get('Access-Control-Allow-Origin')]).toEqual([
      401,
      null,
    ]);
    const told = await ask('GET', '/v1/promises', { headers: from('https://app.example') });
    expect(told.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  test('that are set may call and read, also what is refused; others may not', async () => {
    const env = { HOLDFAST_CORS_ORIGINS: 'https://app.example, https://other.example' };
    const { ask } = await openService({ env });
    const preflight = await ask('OPTIONS', '/v1/promises', { headers: asking, key: null });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('Access-Control-Allow-Headers')).toContain('Authorization');
    expect(preflight.headers.get('Access-Control-Allow-Credentials')).toBeNull();
    for (const [path, status] of [
      ['/v1/promises', 200],
      ['/v1/promises/x', 404],
    ] as const) {
      const told = await ask('GET', path, { headers: from('https://app.example') });
      expect([told.status, told.headers.get('Access-Control-Allow-Origin')]).toEqual([
        status,
        'https://app.example',
      ]);
      expect(told.headers.get('Vary')).toBe('Origin');
    }
    const stranger = await ask('GET', '/v1/promises', { headers: from('https://evil.example') });
    expect(stranger.headers.get('Access-Control-Allow-Origin')).toBeNull();
    const page = await ask('GET', '/docs', { headers: from('https://app.example') });
    expect(page.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });
});
