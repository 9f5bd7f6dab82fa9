import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { MachineConfig } from '../../src/machine/index.js';
import { tempDir } from '../support/temp-dir.js';
import { openTask } from './fixture.js';

/** Node's own test runner, which speaks TAP and JUnit without anything installed. */
const RUNNER = ['--test', '--test-reporter=junit', '--test-reporter-destination={report}'];
const test_ = `import { test } from 'node:test'; import assert from 'node:assert';`;
const PASSING = `${test_} test('adds', () => {}); test.skip('later', () => {});`;
const FAILING = `${test_} test('fails', () => { console.log('seen'); assert.equal(1, 2); });`;
const ENDLESS = `${test_} test('hangs', () => new Promise(() => setInterval(() => {}, 1_000)));`;

function openSuite(
  files: Readonly<Record<string, string>>,
  suite: Partial<NonNullable<MachineConfig['suites']>[string]> = {},
) {
  const directory = tempDir();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const own = {
    program: process.execPath,
    args: [...RUNNER, '{file}'] as string[],
    files: '**/*.test.mjs',
    report: 'junit',
    ...suite,
  } as const;
  return { directory, ...openTask('test-suite', { suites: { unit: own } }, directory) };
}

describe('what a promise may ask for', () => {
  test.each([
    ['another suite', { suite: 'e2e' }, 'payload.suite'],
    ['a name of every object', { suite: '__proto__' }, 'payload.suite'],
    ['a command', { suite: 'unit; id' }, 'payload.suite'],
    ['a path outside', { suite: 'unit', files: ['../secret.test.mjs'] }, 'payload.files.0'],
    ['an absolute path', { suite: 'unit', files: ['/etc/passwd'] }, 'payload.files.0'],
    ['a file that is no test', { suite: 'unit', files: ['lib.mjs'] }, 'payload.files.0'],
    ['an option', { suite: 'unit', files: ['--import=./lib.mjs'] }, 'payload.files.0'],
    ['shell syntax', { suite: 'unit', files: ['$(touch x).test.mjs'] }, 'payload.files.0'],
    ['a file by a link', { suite: 'unit', files: ['link/a.test.mjs'] }, 'payload.files.0'],
    ['a pattern that matches nothing', { suite: 'unit', pattern: '../*' }, 'payload.pattern'],
  ])('is not %s', async (_what, payload, field) => {
    const { run, directory } = openSuite({ 'a.test.mjs': PASSING, 'lib.mjs': '' });
    const outside = tempDir();
    writeFileSync(join(outside, 'a.test.mjs'), PASSING);
    symlinkSync(outside, join(directory, 'link'));
    await expect(run(payload)).rejects.toMatchObject({
      code: 'input-invalid',
      issues: [expect.objectContaining({ path: field })],
    });
  });

  test.each([
    ['shell syntax in a pattern', { suite: 'unit', pattern: '*; id' }],
    ['a pattern that takes for ever to match', { suite: 'unit', pattern: '*a'.repeat(50) }],
    ['a program', { suite: 'unit', program: '/bin/sh' }],
    ['arguments', { suite: 'unit', args: ['-c', 'id'] }],
    ['a directory', { suite: 'unit', directory: '/' }],
  ])('is not %s', async (_what, payload) => {
    const { run } = openSuite({ 'a.test.mjs': PASSING });
    await expect(run(payload)).rejects.toThrow();
  });
});

test('a suite is run file by file, as many at once as it may, and told by what its reports say', async () => {
  const { run, told } = openSuite(
    { 'a.test.mjs': PASSING, 'deep/b.test.mjs': FAILING },
    { parallel: 2 },
  );
  const result = await run({ suite: 'unit' });
  expect(result).toMatchObject({ suite: 'unit', ok: false, passed: 1, skipped: 1 });
  expect(result.files).toMatchObject([
    { file: 'a.test.mjs', status: 'passed', passed: 1, failed: 0, skipped: 1 },
    { file: 'deep/b.test.mjs', status: 'failed', failed: 1 },
  ]);
  const failure = result.failures.find((one: { name: string }) => one.name === 'fails');
  expect(failure).toMatchObject({ file: 'deep/b.test.mjs' });
  expect(failure.message).toContain('1 == 2');
  expect(result.slowest.length).toBeGreaterThan(1);
  expect(told.at(-1)?.percent).toBe(100);
});

test('only what is asked for runs', async () => {
  const { run } = openSuite({
    'a.test.mjs': PASSING,
    'b.test.mjs': FAILING,
    'x/a.test.mjs': PASSING,
  });
  const some = await run({ suite: 'unit', files: ['a.test.mjs'] });
  expect([some.ok, some.files.length]).toEqual([true, 1]);
  const matching = await run({ suite: 'unit', pattern: '**/a.*' });
  expect(matching.files.map(({ file }: { file: string }) => file)).toEqual([
    'a.test.mjs',
    'x/a.test.mjs',
  ]);
});

test('with mustPass a red suite fails its promise for good, and says what failed', async () => {
  const { run } = openSuite({ 'a.test.mjs': PASSING, 'b.test.mjs': FAILING });
  await expect(run({ suite: 'unit', mustPass: true })).rejects.toMatchObject({
    code: 'tests-failed',
    retryable: false,
    message: '1 passed, 1 failed, 1 skipped; 1 of 2 files did not pass',
    details: { failed: 1, first: { file: 'b.test.mjs', name: 'fails' } },
  });
});

test('a suite without files is one process, told by the TAP that it writes', async () => {
  const { run } = openSuite(
    { 'a.test.mjs': PASSING, 'b.test.mjs': FAILING },
    { args: ['--test', '--test-reporter=tap'], files: undefined, report: 'tap' },
  );
  const result = await run({ suite: 'unit' });
  expect(result).toMatchObject({ ok: false, passed: 1, failed: 1, skipped: 1 });
  expect(result.files).toMatchObject([{ file: null, status: 'failed' }]);
  await expect(run({ suite: 'unit', files: ['a.test.mjs'] })).rejects.toThrow('run as a whole');
});

test('a file that breaks, takes or writes too much, or writes no report has failed, and says why', async () => {
  const { run } = openSuite(
    {
      'breaks.test.mjs': 'process.exit(7);',
      'hungry.test.mjs': 'const held = []; setInterval(() => held.push(Buffer.alloc(8e6, 1)), 10);',
      'noise.test.mjs': `setInterval(() => console.log('x'.repeat(9_999)), 1);`,
      'silent.test.mjs': '0;',
    },
    { args: ['{file}'], outputKiB: 64, memoryMiB: 300, parallel: 4 },
  );
  const { files, failures } = await run({ suite: 'unit' });
  expect(files.map(({ status }: { status: string }) => status)).toEqual([
    'failed',
    'out-of-memory',
    'too-much-output',
    'failed',
  ]);
  const messages = failures.map(({ message }: { message: string }) => message);
  expect(messages[1]).toBe('it took more than 300 MiB of memory');
  expect(messages[2]).toBe('it wrote more than 64 KiB');
  expect(messages[3]).toContain('the report is no XML');
});

test('when the time for all is over, what is left is not run', async () => {
  const { run } = openSuite(
    { 'a.test.mjs': ENDLESS, 'b.test.mjs': PASSING },
    { timeout: '1500ms' },
  );
  const { ok, files } = await run({ suite: 'unit' });
  expect(ok).toBe(false);
  expect(files).toMatchObject([{ status: 'timed-out' }, { status: 'not-run' }]);
});
