import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { memoryKiBOf, TABLES } from '../../src/machine/process-table.js';

test.each(['proc', 'ps'] as const)('%s tells who runs, by whom, in which group', async (name) => {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child, 'spawn');
  const entries = await TABLES[name]();
  const own = entries.find(({ pid }) => pid === child.pid);
  expect(own).toMatchObject({ parent: process.pid, group: child.pid });
  const memoryKiB = () => memoryKiBOf(own === undefined ? [] : [own]);
  await expect.poll(memoryKiB).toBeGreaterThan(100);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  expect((await TABLES[name]()).some(({ pid }) => pid === child.pid)).toBe(false);
});
