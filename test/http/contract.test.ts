import { describe, expect, test } from 'vitest';
import { allowedByPath } from '../../functions/app.js';
import { OPERATIONS } from '../../functions/http/contract.js';
import { openService } from './fixture.js';

const KEYED = OPERATIONS.filter(({ access }) => access !== 'open');
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** A path with something in the place of each parameter. */
function pathOf(path: string): string {
  return path.replaceAll(/\{\w+\}/g, 'x');
}

describe('every operation that needs a key', () => {
  test('refuses who has none, a wrong one, or another scheme', async () => {
    const { ask, key } = await openService();
    for (const { method, path, id } of KEYED) {
      const verb = method.toUpperCase();
      const none = await ask(verb, pathOf(path), { key: null });
      expect([id, none.status, none.body.code]).toEqual([id, 401, 'unauthorized']);
      expect(none.headers.get('WWW-Authenticate')).toContain('Bearer');
      const wrong = await ask(verb, pathOf(path), { key: `${key.slice(0, -1)}x` });
      expect([id, wrong.status]).toEqual([id, 401]);
      const basic = await ask(verb, pathOf(path), {
        key: null,
        headers: { Authorization: `Basic ${key}` },
      });
      expect([id, basic.status]).toEqual([id, 401]);
    }
  });

  test('is told from what is open', () => {
    const open = OPERATIONS.filter(({ access }) => access === 'open').map(({ path }) => path);
    expect(open).toEqual(['/telegram/webhook', '/healthz', '/readyz']);
  });
});

describe('every path', () => {
  test('answers 405 with Allow to the methods it does not list', async () => {
    const { ask } = await openService();
    for (const [path, allow] of allowedByPath()) {
      const listed = allow.split(', ');
      for (const method of METHODS.filter((one) => !listed.includes(one))) {
        const refused = await ask(method, pathOf(path));
        expect([method, path, refused.status, refused.headers.get('Allow')]).toEqual([
          method,
          path,
          405,
          allow,
        ]);
        expect(refused.body.code).toBe('method-not-allowed');
      }
      const head = await ask('HEAD', pathOf(path));
      expect([path, head.status === 405, head.body]).toEqual([path, !listed.includes('HEAD'), '']);
    }
  });

  test('carries the security headers, also when it refuses', async () => {
    const { ask } = await openService();
    for (const path of ['/healthz', '/v1/promises', '/nowhere', '/sign-in', '/docs']) {
      const { headers } = await ask('GET', path);
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('Referrer-Policy')).toBe('no-referrer');
      expect(headers.get('X-Frame-Options')).toBe('DENY');
      expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
      expect(headers.get('Access-Control-Allow-Origin')).toBeNull();
    }
  });
});

test('a path that is not there is 404, and under /v1 only for who has a key', async () => {
  const { ask } = await openService();
  expect((await ask('GET', '/nowhere', { key: null })).body.code).toBe('route-not-found');
  expect((await ask('GET', '/v1/nowhere', { key: null })).status).toBe(401);
  expect((await ask('GET', '/v1/nowhere')).body).toMatchObject({
    type: 'urn:holdfast:problem:route-not-found',
    status: 404,
    code: 'route-not-found',
  });
});

test('a key may be any string: a header brings its UTF-8 as it is', async () => {
  const key = 'ключ-'.repeat(8);
  const { ask } = await openService({ env: { HOLDFAST_API_KEY: key } });
  const sent = Buffer.from(key).toString('latin1');
  expect((await ask('GET', '/v1/promises', { key: sent.slice(2) })).status).toBe(401);
  expect((await ask('GET', '/v1/promises', { key: sent })).status).toBe(200);
});

test('every POST that makes something takes an Idempotency-Key', () => {
  const making = OPERATIONS.filter(({ method, answers }) => method === 'post' && 201 in answers);
  for (const { id, idempotency } of making) expect([id, idempotency]).not.toEqual([id, undefined]);
});

describe('the OpenAPI document', () => {
  test('has every operation, with an example that its schema takes', async () => {
    const { ask } = await openService();
    const { body: document } = await ask('GET', '/openapi.json', { key: null });
    expect(document.openapi).toBe('3.1.0');
    const documented = Object.entries<Record<string, { operationId: string }>>(document.paths)
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, { operationId }]) => [path, method, operationId]),
      )
      .sort();
    expect(documented).toEqual(OPERATIONS.map(({ path, method, id }) => [path, method, id]).sort());
    for (const { id, body, example } of OPERATIONS) {
      if (example !== undefined) expect([id, body?.safeParse(example).success]).toEqual([id, true]);
    }
  });

  test('points to nothing that is not in it', async () => {
    const { ask } = await openService();
    const { body: document } = await ask('GET', '/openapi.json', { key: null });
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, reference]) => reference,
    );
    expect(new Set(references)).toEqual(new Set(['#/components/schemas/Problem']));
  });

  test('is readable at /docs, without scripts and without other sites', async () => {
    const { ask } = await openService();
    const { status, body } = await ask('GET', '/docs', { key: null });
    expect(status).toBe(200);
    for (const { path, summary } of OPERATIONS) {
      expect(body).toContain(path);
      expect(body).toContain(summary);
    }
    expect(body).not.toMatch(/<script|https?:\/\/(?!example\.com)/);
  });
});
