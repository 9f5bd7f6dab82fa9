import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMAND } from '../support/command.js';
import { tempDir } from '../support/temp-dir.js';
import { startProcess } from './server-process.js';

const ROOT = new URL('../..', import.meta.url).pathname;

test('a directory with a configuration of its own runs its own tasks, typed and checked', async () => {
  const directory = tempDir();
  cpSync(join(ROOT, 'examples/own-task'), directory, { recursive: true });
  mkdirSync(join(directory, 'node_modules'));
  for (const name of ['holdfast', 'zod']) {
    const target = name === 'holdfast' ? ROOT : join(ROOT, 'node_modules', name);
    symlinkSync(target, join(directory, 'node_modules', name));
  }
  const server = await startProcess(directory, {}, COMMAND);
  const refused = await server.ask('POST', '/v1/promises', {
    type: 'greet',
    payload: { name: '' },
  });
  expect([refused.status, refused.body.issues[0].path]).toEqual([422, 'payload.name']);
  const made = await server.ask('POST', '/v1/promises', {
    type: 'greet',
    payload: { name: 'Ada' },
  });
  expect(made.status).toBe(201);
  const kept = await server.ask('GET', `/v1/promises/${made.body.id}?wait=10s`);
  expect(kept.body).toMatchObject({
    status: 'completed',
    result: { greeting: 'Hello, Ada', attempt: 1 },
  });
  const late = await server.ask('POST', '/v1/promises', {
    type: 'remind',
    payload: { url: 'http://127.0.0.1:9/', until: '2020-01-01T00:00:00Z' },
  });
  const given = await server.ask('GET', `/v1/promises/${late.body.id}?wait=10s`);
  expect(given.body).toMatchObject({
    status: 'cancelled',
    error: { message: 'too late to remind anybody' },
  });
});
