import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { told } from '../http/fixture.js';
import { freePort } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';
import { startTarget } from './target.js';

const ROOT = new URL('../..', import.meta.url).pathname;

/** Starts the development script and resolves when it has said where everything is. */
async function startEdge(directory: string) {
  const port = await freePort();
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/dev-edge.ts', directory], {
    cwd: ROOT,
    env: { ...process.env, PORT: String(port) },
  });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('To fire it now')) resolve();
      });
    }
    child.once('close', (code) => reject(new Error(`ended with ${code}:\n${output}`)));
  });
  return { url: `http://127.0.0.1:${port}`, databases: databasesIn(output), child, ended };
}

function databasesIn(output: string): string[] {
  return /^Databases: (\S+) and ([^\s,]+)/m.exec(output)?.slice(1) ?? [];
}

test('the edge on one machine keeps promises, fires its cron, and leaves nothing behind', async () => {
  const directory = tempDir();
  const target = await startTarget((_call, response) => {
    response.writeHead(201, { 'Content-Type': 'application/json' }).end('{"id":7}');
  });
  const { url, databases, child, ended } = await startEdge(directory);
  const key = readFileSync(join(directory, 'api-key'), 'utf8').trim();
  const ask = async (method: string, path: string, body?: unknown) =>
    told(
      await fetch(`${url}${path}`, {
        method,
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  const payload = { url: target.url, body: { order: 7 } };
  const made = await ask('POST', '/v1/promises', { type: 'webhook', payload });
  expect(made.status).toBe(201);
  const kept = await ask('GET', `/v1/promises/${made.body.id}?wait=20s`);
  expect(kept.body).toMatchObject({
    status: 'completed',
    result: { status: 201, body: { id: 7 } },
  });
  expect(target.calls[0]?.body).toEqual({ order: 7 });

  const fired = await fetch(`${url}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`);
  expect(fired.status).toBe(200);
  const { body: runs } = await ask('GET', '/v1/maintenance/runs?task=checkpoint');
  expect(runs.data[0]).toMatchObject({ outcome: 'completed' });
  const large = await ask('POST', '/v1/promises', { type: 'echo', payload: 'x'.repeat(2_000_000) });
  expect(large.status).toBe(413);

  child.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
  expect(databases).toHaveLength(2);
  for (const place of [url, ...databases])
    await expect(fetch(place)).rejects.toThrow('fetch failed');
});
