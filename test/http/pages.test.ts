import { describe, expect, test } from 'vitest';
import { openService, type TestService } from './fixture.js';

const BROWSER = { Accept: 'text/html,application/xhtml+xml' };
const FORM = {
  'Content-Type': 'application/x-www-form-urlencoded',
  'Sec-Fetch-Site': 'same-origin',
};

function signIn({ ask, key }: TestService, headers: Record<string, string> = FORM, sent = key) {
  return ask('POST', '/sign-in', { key: null, text: `key=${encodeURIComponent(sent)}`, headers });
}

describe('the status page', () => {
  test('sends a browser without a session to /sign-in, and refuses programs', async () => {
    const { ask } = await openService();
    const sent = await ask('GET', '/', { key: null, headers: BROWSER });
    expect([sent.status, sent.headers.get('Location')]).toEqual([303, '/sign-in']);
    expect((await ask('GET', '/', { key: null })).status).toBe(401);
    expect((await ask('GET', '/', { key: 'x'.repeat(40), headers: BROWSER })).status).toBe(401);
  });

  test('does not open with a session that ended, was changed, or is of another key', async () => {
    const service = await openService();
    const cookie = await service.services.sessions.open(Date.now() - 43_200_001);
    const good = await service.services.sessions.open(Date.now());
    const other = await (await openService()).services.sessions.open(Date.now());
    const changed = good.replace(/^\d/, (digit) => String((Number(digit) + 1) % 10));
    for (const value of [cookie, changed, other, '', 'x', `${good}0`]) {
      const headers = { ...BROWSER, Cookie: `holdfast=${value}` };
      expect((await service.ask('GET', '/', { key: null, headers })).status).toBe(303);
    }
  });

  test('shows promises, databases and maintenance to who signed in', async () => {
    const service = await openService();
    const { body } = await service.ask('POST', '/v1/promises', { body: { type: '<b>' } });
    expect(body.code).toBe('input-invalid');
    const made = await service.ask('POST', '/v1/promises', { body: { type: 'echo' } });
    const signed = await signIn(service);
    expect([signed.status, signed.headers.get('Location')]).toEqual([303, '/']);
    const cookie = signed.headers.get('Set-Cookie') ?? '';
    expect(cookie).toMatch(/^holdfast=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    const headers = { ...BROWSER, Cookie: cookie.split(';')[0] ?? '' };
    const page = await service.ask('GET', '/', { key: null, headers });
    expect(page.status).toBe(200);
    expect(page.headers.get('Content-Security-Policy')).toContain("style-src 'nonce-");
    for (const text of [made.body.id, 'pending', 'checkpoint', 'system', 'verified']) {
      expect(page.body).toContain(text);
    }
  });

  test('opens with a bearer key as well, and still shows when a database is gone', async () => {
    const { ask, services } = await openService();
    expect((await ask('GET', '/')).status).toBe(200);
    await services.queue.close();
    const page = await ask('GET', '/');
    expect(page.status).toBe(200);
    expect(page.body).toContain('degraded');
  });
});

describe('signing in', () => {
  test('refuses a wrong key and says so', async () => {
    const service = await openService();
    const refused = await signIn(service, FORM, 'wrong');
    expect(refused.status).toBe(403);
    expect(refused.headers.get('Set-Cookie')).toBeNull();
    expect(refused.body).toContain('not known');
  });

  test('is not taken from another site, nor is signing out', async () => {
    const service = await openService();
    const { 'Sec-Fetch-Site': _, ...old } = FORM;
    for (const headers of [
      { ...FORM, 'Sec-Fetch-Site': 'cross-site' },
      { ...FORM, 'Sec-Fetch-Site': 'same-site' },
      { ...old, Origin: 'https://evil.example', Host: 'holdfast.test' },
      { ...old, Origin: 'null', Host: 'holdfast.test' },
    ]) {
      expect((await signIn(service, headers)).status).toBe(403);
      expect((await service.ask('POST', '/sign-out', { key: null, headers })).status).toBe(403);
    }
  });

  test('gives a cookie for this host alone over HTTPS', async () => {
    const service = await openService();
    const signed = await signIn(service, { ...FORM, 'X-Forwarded-Proto': 'https' });
    expect(signed.headers.get('Set-Cookie')).toMatch(/^__Host-holdfast=[^;]+;.*; Secure$/);
  });

  test('opens no operation of the API', async () => {
    const service = await openService();
    const cookie = (await signIn(service)).headers.get('Set-Cookie')?.split(';')[0] ?? '';
    const asked = await service.ask('GET', '/v1/promises', {
      key: null,
      headers: { Cookie: cookie },
    });
    expect(asked.status).toBe(401);
  });

  test('ends by signing out', async () => {
    const { ask } = await openService();
    const out = await ask('POST', '/sign-out', { key: null, headers: FORM });
    expect([out.status, out.headers.get('Set-Cookie')]).toEqual([
      303,
      'holdfast=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0',
    ]);
  });
});
