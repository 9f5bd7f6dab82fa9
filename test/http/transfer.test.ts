import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createApp } from '../../functions/app.js';
import { exported, fill } from '../transfer/round-trip.suite.js';
import { openService, type TestService } from './fixture.js';

const NDJSON = { 'Content-Type': 'application/x-ndjson' };

async function filled(): Promise<TestService> {
  const service = await openService();
  await fill(service.services.queue);
  return service;
}

const bring = (service: TestService, text: string, path = '/v1/import') =>
  service.ask('POST', path, { text, headers: NDJSON });

async function promisesOf({ services }: TestService) {
  const [found] = await services.queue.read([{ sql: 'SELECT id FROM promises ORDER BY id' }]);
  return found?.rows ?? [];
}

describe('an export', () => {
  test('is the lines that the command writes, and is on record', async () => {
    const service = await filled();
    const { status, headers, body } = await service.ask('GET', '/v1/export');
    expect([status, headers.get('Content-Type')]).toEqual([200, 'application/x-ndjson']);
    const lines = String(body).trimEnd().split('\n');
    expect(lines.slice(1, -1)).toEqual((await exported(service.services.queue)).slice(1, -1));
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ kind: 'end', lines: { promise: 9 } });
    const { body: audit } = await service.ask('GET', '/v1/audit');
    expect(audit.data[0]).toMatchObject({
      key: { id: 'bootstrap' },
      action: 'exportLines',
      target: '/v1/export',
      outcome: 'done',
    });
  });

  test('is read no further than its reader has come, and is given up with it', async () => {
    const service = await openService();
    const payload = 'x'.repeat(900_000);
    const items = Array.from({ length: 40 }, () => ({ type: 'large', payload }));
    for (let at = 0; at < items.length; at += 8) {
      const promises = items.slice(at, at + 8);
      expect((await service.ask('POST', '/v1/promises/batch', { body: { promises } })).status).toBe(
        200,
      );
    }
    const { services } = service;
    let looks = 0;
    const counted: typeof services.queue.read = (statements, options) => {
      if (options?.label === 'transfer.export') looks += 1;
      return read(statements, options);
    };
    const read = services.queue.read.bind(services.queue);
    services.queue.read = counted;
    const signal = new AbortController();
    const headers = { Authorization: `Bearer ${service.key}` };
    const asked = new Request('http://holdfast.test/v1/export', { headers, signal: signal.signal });
    const response = await createApp().fetch(asked, services);
    const reader = response.body?.getReader();
    await reader?.read();
    const early = looks;
    let length = 0;
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      length += part.value.length;
      if (length > 5_000_000) break;
    }
    const late = looks;
    await reader?.cancel();
    expect(early).toBeLessThanOrEqual(8);
    expect(late).toBeLessThan(early + 6);
    await services.close();
    expect(looks).toBe(late);
  });

  test('that cannot begin is a problem; one that breaks is cut off', async () => {
    const service = await filled();
    const { services } = service;
    const read = services.queue.read.bind(services.queue);
    const away = Object.assign(new Error('away'), { code: 'x' });
    services.queue.read = () => Promise.reject(away);
    expect(await service.ask('GET', '/v1/export')).toMatchObject({ status: 500 });
    services.queue.read = read;
    await services.store.enqueue(
      Array.from({ length: 600 }, (_, at) => ({
        id: `01890a5d-ac96-774b-bcce-${String(at).padStart(12, '0')}`,
        type: 'echo',
        payload: 'x'.repeat(400),
      })),
    );
    let pages = 0;
    services.queue.read = (statements, options) => {
      if (options?.label === 'transfer.export' && (statements[0]?.sql ?? '').includes('fitting')) {
        pages += 1;
        if (pages > 1) return Promise.reject(away);
      }
      return read(statements, options);
    };
    const headers = { Authorization: `Bearer ${service.key}` };
    const asked = new Request('http://holdfast.test/v1/export', { headers });
    const response = await createApp().fetch(asked, services);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('away');
  });

  test('asked for by HEAD reads nothing more', async () => {
    const service = await filled();
    expect((await service.ask('HEAD', '/v1/export')).status).toBe(200);
    await service.services.close();
  });
});

describe('an import', () => {
  test('brings everything over, and says what it did; again it knows all', async () => {
    const from = await filled();
    const { body: text } = await from.ask('GET', '/v1/export');
    const to = await openService();
    const checked = await bring(to, text, '/v1/import?check=true');
    expect(checked.body).toMatchObject({ lines: { promise: 9, callback: 1 }, report: null });
    expect(await promisesOf(to)).toEqual([]);
    let isTold = false;
    to.services.store.onChange(() => {
      isTold = true;
    });
    const done = await bring(to, text);
    expect(done.body.report.promise).toEqual({ imported: 9, known: 0, conflicts: 0 });
    expect(isTold).toBe(true);
    expect(await promisesOf(to)).toEqual(await promisesOf(from));
    const again = await bring(to, text);
    expect(again.body.report.promise).toEqual({ imported: 0, known: 9, conflicts: 0 });
  });

  test('writes nothing of what is not whole', async () => {
    const from = await filled();
    const { body: text } = await from.ask('GET', '/v1/export');
    const to = await openService();
    const lines = String(text).trimEnd().split('\n');
    const broken = [
      lines.slice(0, -1).join('\n'),
      lines.filter((_, at) => at !== 5).join('\n'),
      String(text).replace('"later"', '"hater"'),
      Buffer.from(text).fill(0xff, 900, 901),
    ];
    for (const sent of broken) {
      const { status, body } = await to.ask('POST', '/v1/import', {
        text: typeof sent === 'string' ? sent : new Uint8Array(sent),
        headers: NDJSON,
      });
      expect([status, ['export-incomplete', 'input-invalid'].includes(body.code)]).toEqual([
        422,
        true,
      ]);
    }
    expect(await promisesOf(to)).toEqual([]);
    expect((await bring(to, '')).body).toMatchObject({ code: 'export-incomplete' });
  });

  test('names the line, the field and the rule', async () => {
    const from = await filled();
    const { body: text } = await from.ask('GET', '/v1/export');
    const lines = String(text).trimEnd().split('\n');
    const at = lines.findIndex((line) => line.startsWith('{"kind":"promise"'));
    lines[at] = JSON.stringify({ ...JSON.parse(lines[at] ?? ''), priority: 11 });
    const refused = await bring(await openService(), lines.join('\n'));
    expect([refused.status, refused.body.code]).toEqual([422, 'input-invalid']);
    expect(refused.body.issues).toMatchObject([
      { path: `line ${at + 1}.priority`, received: '11' },
    ]);
  });

  test('that is cut off on its way writes nothing', async () => {
    const from = await filled();
    const { body: text } = await from.ask('GET', '/v1/export');
    const to = await openService();
    const app = createApp();
    let ended: Promise<Response> | undefined;
    const server = createServer(
      getRequestListener((asked) => {
        ended = Promise.resolve(app.fetch(asked, to.services));
        return ended;
      }),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const headers = {
      ...NDJSON,
      Authorization: `Bearer ${to.key}`,
      'Content-Length': Buffer.byteLength(text),
    };
    const options = { port, host: '127.0.0.1', method: 'POST', path: '/v1/import', headers };
    const sending = request(options);
    sending.on('error', () => {});
    sending.write(String(text).slice(0, -50));
    await expect.poll(() => ended !== undefined, { timeout: 10_000 }).toBe(true);
    sending.destroy();
    await Promise.allSettled([ended]);
    expect(await promisesOf(to)).toEqual([]);
  });

  test('is bounded, and has a type of its own', async () => {
    const { ask } = await openService({ env: { HOLDFAST_IMPORT_BYTES_MAX: '1024' } });
    const long = await ask('POST', '/v1/import', { text: ' '.repeat(1_025), headers: NDJSON });
    expect([long.status, long.body.code]).toEqual([413, 'body-too-large']);
    const json = await ask('POST', '/v1/import', { body: {} });
    expect([json.status, json.body.code]).toEqual([415, 'media-type-unsupported']);
    const query = await ask('POST', '/v1/import?check=yes', { text: '{}', headers: NDJSON });
    expect(query.body.issues).toMatchObject([{ path: 'check' }]);
  });
});
