import { describe, expect, test } from 'vitest';
import { openService } from './fixture.js';

const ECHO = { type: 'echo' };
const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('a body', () => {
  test('that is not JSON is 400', async () => {
    const { ask } = await openService();
    for (const text of ['{', 'nonsense', '{"type":"echo"', new Uint8Array([0x22, 0xff, 0x22])]) {
      const refused = await ask('POST', '/v1/promises', { text, headers: JSON_TYPE });
      expect([refused.status, refused.body.code]).toEqual([400, 'json-malformed']);
      expect(refused.headers.get('Content-Type')).toBe('application/problem+json');
    }
  });

  test('without the content type of JSON is 415', async () => {
    const { ask } = await openService();
    const text = JSON.stringify(ECHO);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx']) {
      const refused = await ask('POST', '/v1/promises', {
        text,
        headers: { 'Content-Type': type },
      });
      expect([refused.status, refused.body.code]).toEqual([415, 'media-type-unsupported']);
    }
    const bytes = Uint8Array.from(Buffer.from(text));
    expect((await ask('POST', '/v1/promises', { text: bytes })).status).toBe(415);
  });

  test('with a parameter after its content type, or of a JSON kind, is taken', async () => {
    const { ask } = await openService();
    for (const type of [
      'application/json; charset=utf-8',
      'Application/JSON',
      'application/x+json',
    ]) {
      const text = JSON.stringify(ECHO);
      const taken = await ask('POST', '/v1/promises', { text, headers: { 'Content-Type': type } });
      expect(taken.status).toBe(201);
    }
  });

  test('that is missing where one is needed is 422', async () => {
    const { ask } = await openService();
    expect((await ask('POST', '/v1/promises')).status).toBe(422);
  });

  test('over its limit is 413; a batch has a limit of its own', async () => {
    const env = { HOLDFAST_BODY_BYTES_MAX: '2048', HOLDFAST_BATCH_BYTES_MAX: '8192' };
    const { ask } = await openService({ env });
    const large = { ...ECHO, payload: 'x'.repeat(2_048) };
    const refused = await ask('POST', '/v1/promises', { body: large });
    expect([refused.status, refused.body.code]).toEqual([413, 'body-too-large']);
    const batch = await ask('POST', '/v1/promises/batch', { body: { promises: [large] } });
    expect(batch.status).toBe(200);
    const promises = [large, large, large, large];
    expect((await ask('POST', '/v1/promises/batch', { body: { promises } })).status).toBe(413);
  });
});

describe('422', () => {
  const INVALID: readonly (readonly [name: string, body: unknown, path: string])[] = [
    ['no type', {}, 'type'],
    ['an unknown field', { ...ECHO, colour: 'red' }, ''],
    ['an unknown field inside', { ...ECHO, backoff: { kind: 'fixed', dealy: 1 } }, 'backoff'],
    ['no object', [], ''],
    ['null', null, ''],
    ['a lone surrogate', { ...ECHO, payload: '\ud800' }, 'payload'],
    ['a lone surrogate deep inside', { ...ECHO, payload: { a: ['\udc00'] } }, 'payload.a.0'],
    ['a lone surrogate as a key', { ...ECHO, payload: { '\ud800': 1 } }, 'payload'],
    ['U+0000', { ...ECHO, key: 'a\u0000b' }, 'key'],
    ['a name with spaces', { type: 'send mail' }, 'type'],
    ['priority 0', { ...ECHO, priority: 0 }, 'priority'],
    ['priority 11', { ...ECHO, priority: 11 }, 'priority'],
    ['a negative delay', { ...ECHO, delay: -1 }, 'delay'],
    ['a delay of words', { ...ECHO, delay: 'soon' }, 'delay'],
    ['delay and runAt', { ...ECHO, delay: '1s', runAt: '2030-01-01T00:00:00Z' }, 'runAt'],
    ['a runAt without offset', { ...ECHO, runAt: '2030-01-01T00:00:00' }, 'runAt'],
    ['no attempts', { ...ECHO, maxAttempts: 0 }, 'maxAttempts'],
    ['a timeout of nothing', { ...ECHO, timeout: 0 }, 'timeout'],
    ['a webhook without its URL', { type: 'webhook', payload: {} }, 'payload.url'],
  ];

  test.each(INVALID)('for %s, naming the field', async (_name, body, path) => {
    const { ask } = await openService();
    const refused = await ask('POST', '/v1/promises', {
      text: JSON.stringify(body),
      headers: JSON_TYPE,
    });
    expect([refused.status, refused.body.code]).toEqual([422, 'input-invalid']);
    expect(refused.body.issues[0]).toMatchObject({ path, rule: expect.any(String) });
  });

  test('for JSON nested too deep', async () => {
    const { ask } = await openService();
    const text = `{"type":"echo","payload":${'['.repeat(1_000)}${']'.repeat(1_000)}}`;
    expect((await ask('POST', '/v1/promises', { text, headers: JSON_TYPE })).status).toBe(422);
  });

  test('for a webhook to an address that may not be called', async () => {
    const { ask } = await openService();
    for (const url of ['http://127.0.0.1:1/', 'http://[::1]/', 'http://169.254.169.254/x']) {
      const refused = await ask('POST', '/v1/promises', {
        body: { type: 'webhook', payload: { url } },
      });
      expect([refused.status, refused.body.code]).toEqual([422, 'address-refused']);
    }
  });

  test('for query parameters that are unknown, twice, or out of range', async () => {
    const { ask } = await openService();
    for (const query of [
      'stauts=failed',
      'status=done',
      'limit=0',
      'limit=101',
      'limit=x',
      'type=a&type=b',
    ]) {
      expect([query, (await ask('GET', `/v1/promises?${query}`)).status]).toEqual([query, 422]);
    }
    expect((await ask('GET', '/v1/promises?cursor=nonsense')).status).toBe(422);
    expect((await ask('GET', '/v1/promises/x?wait=6m')).status).toBe(422);
  });

  test('for what a claim, a heartbeat and a settlement cannot be', async () => {
    const { ask } = await openService();
    const id = '01890a5d-ac96-774b-bcce-b302099a8057';
    const refused = [
      await ask('POST', '/v1/queues/a%20b/claim', { body: { worker: 'w' } }),
      await ask('POST', '/v1/queues/q/claim', { body: {} }),
      await ask('POST', '/v1/queues/q/claim', { body: { worker: 'w', lease: 999 } }),
      await ask('POST', '/v1/queues/q/claim', { body: { worker: 'w', lease: '13h' } }),
      await ask('POST', '/v1/queues/q/claim', { body: { worker: 'w', limit: 1_001 } }),
      await ask('POST', `/v1/promises/${id}/heartbeat`, { body: {} }),
      await ask('POST', `/v1/promises/${id}/complete`, { body: { fence: 'x' } }),
      await ask('POST', `/v1/promises/${id}/snooze`, { body: { fence: 1 } }),
      await ask('POST', '/v1/settlements', { body: { settlements: [] } }),
      await ask('POST', '/v1/settlements', {
        body: { settlements: [{ id, fence: 1, outcome: 'done' }] },
      }),
      await ask('POST', '/v1/promises/batch', { body: { promises: [] } }),
      await ask('POST', '/v1/promises/batch', { body: { promises: new Array(1_001).fill(ECHO) } }),
    ];
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 422));
  });
});

describe('404', () => {
  test('for a promise that is not there, whatever is asked of it, and for a malformed id', async () => {
    const { ask } = await openService();
    for (const id of ['01890a5d-ac96-774b-bcce-b302099a8057', 'x', '%00', '%F0%9F%98%80']) {
      const missing = [
        await ask('GET', `/v1/promises/${id}`),
        await ask('GET', `/v1/promises/${id}?wait=10s`),
        await ask('PATCH', `/v1/promises/${id}`, { body: { priority: 1 } }),
        await ask('POST', `/v1/promises/${id}/cancel`),
        await ask('POST', `/v1/promises/${id}/retry`),
        await ask('POST', `/v1/promises/${id}/heartbeat`, { body: { fence: 1 } }),
        await ask('POST', `/v1/promises/${id}/complete`, { body: { fence: 1 } }),
        await ask('POST', `/v1/promises/${id}/fail`, { body: { fence: 1 } }),
        await ask('POST', `/v1/promises/${id}/snooze`, { body: { fence: 1, delay: 1 } }),
      ];
      expect([id, ...missing.map(({ body }) => body.code)]).toEqual([
        id,
        ...missing.map(() => 'not-found'),
      ]);
    }
  });

  test('for a maintenance task that does not exist, naming those that do', async () => {
    const { ask } = await openService();
    const refused = await ask('POST', '/v1/maintenance/sweep');
    expect([refused.status, refused.body.code]).toEqual([404, 'not-found']);
    expect(refused.body.detail).toContain('checkpoint');
  });
});
