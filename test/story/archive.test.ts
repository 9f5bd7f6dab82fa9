import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../support/temp-dir.js';
import { startProcess } from './server-process.js';

const CONFIG = `
import { appendFileSync, existsSync } from 'node:fs';

export default {
  async archive(promises) {
    if (existsSync('full')) throw new Error('the disk is full');
    for (const one of promises) appendFileSync('archive.ndjson', JSON.stringify(one) + '\\n');
  },
};
`;

test('the archive of the configuration is given promises before they go, and keeps back what it does not take', async () => {
  const directory = tempDir();
  const full = join(directory, 'full');
  const archive = join(directory, 'archive.ndjson');
  writeFileSync(join(directory, 'holdfast.config.mjs'), CONFIG);
  writeFileSync(full, '');
  const { ask } = await startProcess(directory);
  const retention = { completed: { count: 1 } };
  await ask('PUT', '/v1/queues/default', { retention });
  const ids: string[] = [];
  for (const payload of [1, 2, 3]) {
    const { body } = await ask('POST', '/v1/promises', { type: 'echo', payload });
    ids.push(body.id);
    await ask('GET', `/v1/promises/${body.id}?wait=10s`);
  }
  const left = async () => (await ask('GET', '/v1/promises')).body.data.length;

  const failed = await ask('POST', '/v1/maintenance/cleanup');
  expect(failed.body).toMatchObject({
    outcome: 'failed',
    error: { message: 'promises: the disk is full' },
  });
  expect([await left(), existsSync(archive)]).toEqual([3, false]);

  rmSync(full);
  const done = await ask('POST', '/v1/maintenance/cleanup');
  expect(done.body).toMatchObject({
    outcome: 'completed',
    counts: { promises: { deleted: 2, done: true } },
  });
  expect(await left()).toBe(1);
  const lines = readFileSync(archive, 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { promise: { id: ids[0], status: 'completed', result: 1 }, failures: [] },
    { promise: { id: ids[1], status: 'completed', result: 2 }, failures: [] },
  ]);
});
