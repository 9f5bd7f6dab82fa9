import { join } from 'node:path';
import { expect, test } from 'vitest';
import machine from '../../examples/machine-worker/holdfast.machine.js';
import { openTask, ROOT } from './fixture.js';

const DIRECTORY = join(ROOT, 'examples/machine-worker');

test('the example’s suite passes', async () => {
  const { run } = openTask('test-suite', machine, DIRECTORY);
  expect(await run({ suite: 'unit' })).toMatchObject({ ok: true, passed: 2, failed: 0 });
});

test('the example’s commands run, and refuse what its README does not say', async () => {
  const { run } = openTask('command', machine, DIRECTORY);
  const total = (amounts: unknown, currency = 'EUR') =>
    run({ command: 'total', parameters: { currency }, input: { amounts } });
  expect((await total([1, 2])).output).toEqual({ total: 3, currency: 'EUR' });
  await expect(total(['many'])).rejects.toMatchObject({ code: 'process-failed', retryable: false });
  await expect(total([], 'BTC')).rejects.toThrow('payload.parameters.currency');
  const lines = await run({ command: 'lines', parameters: { file: 'README.md' } });
  expect(lines.output).toMatch(/^\d+ .*README\.md\n$/);
});
