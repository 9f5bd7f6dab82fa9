import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

const script = new URL('../scripts/total.mjs', import.meta.url).pathname;
const run = (input) =>
  execFileSync(process.execPath, [script, '--currency=EUR'], {
    input: JSON.stringify(input),
    stdio: ['pipe', 'pipe', 'ignore'],
  });

test('adds', () => {
  assert.deepEqual(JSON.parse(run({ amounts: [1, 2] })), { total: 3, currency: 'EUR' });
});

test('refuses what are no amounts', () => {
  assert.throws(() => run({ amounts: ['many'] }), { status: 2 });
});
