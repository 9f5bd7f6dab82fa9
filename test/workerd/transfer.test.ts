import { createExecutionContext, env, waitOnExecutionContext } from 'cloudflare:test';
import { expect, test } from 'vitest';
import worker from '../../functions/worker.js';

type WorkerEnv = Parameters<typeof worker.fetch>[1];

const settings = env as unknown as WorkerEnv & { readonly HOLDFAST_API_KEY: string };

/** The answer's text, read while its invocation goes on. */
async function ask(method: string, path: string, type: string, body?: string) {
  const request = new Request(`https://holdfast.test${path}`, {
    method,
    headers: { Authorization: `Bearer ${settings.HOLDFAST_API_KEY}`, 'Content-Type': type },
    ...(body === undefined ? {} : { body }),
  });
  const invocation = createExecutionContext();
  const response = await worker.fetch(request, settings, invocation);
  const text = await response.text();
  await waitOnExecutionContext(invocation);
  return { status: response.status, text };
}

const JSON_TYPE = 'application/json';
const NDJSON = 'application/x-ndjson';

async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

test('all that is kept goes out by lines and comes in again', async () => {
  const payload = 'x'.repeat(200_000);
  const promises = Array.from({ length: 30 }, (_, at) => ({
    type: 'of-others',
    payload: [at, payload],
  }));
  const made = await ask('POST', '/v1/promises/batch', JSON_TYPE, JSON.stringify({ promises }));
  expect(made.status).toBe(200);
  const { status, text } = await ask('GET', '/v1/export', NDJSON);
  expect(status).toBe(200);
  const lines = text.trimEnd().split('\n');
  const end = JSON.parse(lines.pop() ?? '');
  expect(end).toMatchObject({ kind: 'end', digest: await sha256(`${lines.join('\n')}\n`) });
  expect(end.lines.promise).toBeGreaterThanOrEqual(30);

  const id = JSON.parse(made.text).results[7].id;
  const line = lines.find((one) => one.includes(`"id":"${id}"`)) ?? '';
  const twin = crypto.randomUUID();
  const kept = [lines[0], line.replace(id, twin)].map((one) => `${one}\n`).join('');
  const last = { kind: 'end', lines: { promise: 1 }, digest: await sha256(kept) };
  const whole = kept + JSON.stringify(last);
  const cut = await ask('POST', '/v1/import', NDJSON, kept);
  expect([cut.status, JSON.parse(cut.text).code]).toEqual([422, 'export-incomplete']);
  expect((await ask('GET', `/v1/promises/${twin}`, JSON_TYPE)).status).toBe(404);
  const checked = await ask('POST', '/v1/import?check=true', NDJSON, whole);
  expect(JSON.parse(checked.text)).toMatchObject({ lines: { promise: 1 }, report: null });
  const brought = await ask('POST', '/v1/import', NDJSON, whole);
  expect(JSON.parse(brought.text).report.promise).toEqual({ imported: 1, known: 0, conflicts: 0 });
  const found = await ask('GET', `/v1/promises/${twin}`, JSON_TYPE);
  expect(JSON.parse(found.text)).toMatchObject({ status: 'pending', payload: [7, payload] });
  const again = await ask('POST', '/v1/import', NDJSON, text);
  expect(JSON.parse(again.text).report.promise).toMatchObject({ imported: 0, conflicts: 0 });
});
