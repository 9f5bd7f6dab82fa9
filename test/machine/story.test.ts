import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadWorkTasks, type WorkSources } from '../../src/cli/work-tasks.js';
import { type Client, createClient } from '../../src/client/index.js';
import type { SuiteResult } from '../../src/machine/index.js';
import { openClient } from '../client/fixture.js';
import { collect, spawnCommand, startProcess } from '../story/server-process.js';
import { COMMAND } from '../support/command.js';
import { tempDir } from '../support/temp-dir.js';
import { isRunning, ROOT } from './fixture.js';

/** A real vitest project: a file that passes, one that fails, and one that hangs with a child of its own. */
const PROJECT: Readonly<Record<string, string>> = {
  'math.spec.js': `import { expect, test } from 'vitest';
test('adds', () => expect(1 + 1).toBe(2));
test.skip('divides', () => {});`,
  'wrong.spec.js': `import { expect, test } from 'vitest';
test('is wrong', () => { console.log('looking at it'); expect(1 + 1).toBe(3); });`,
  'hang.spec.js': `import { test } from 'vitest';
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
test('hangs', async () => {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  appendFileSync('pids', process.pid + '\\n' + child.pid + '\\n');
  console.log('hanging now');
  await new Promise(() => {});
}, 600_000);`,
  'slow.spec.js': `import { test } from 'vitest';
import { existsSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
test('waits the first time', async () => {
  if (existsSync('ran')) return;
  writeFileSync('ran', '');
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  appendFileSync('pids', process.pid + '\\n' + child.pid + '\\n');
  await new Promise(() => {});
}, 600_000);`,
  'vitest.config.js': `export default { test: { include: ['*.spec.js'], cache: false } };`,
  'holdfast.machine.ts': `
import { z } from ${JSON.stringify(join(ROOT, 'node_modules/zod/index.js'))};
import { defineMachine, pathInside } from ${JSON.stringify(join(ROOT, 'src/machine/index.ts'))};
export default defineMachine({
  suites: {
    unit: {
      program: './node_modules/.bin/vitest',
      args: ['run', '--no-color', '--disable-console-intercept', '--reporter=verbose', '--reporter=junit', '--outputFile.junit={report}', '{file}'],
      files: '*.spec.js',
      report: 'junit',
      parallel: 2,
      fileTimeout: '20s',
    },
  },
  commands: {
    count: {
      program: 'wc',
      args: ['-c', '{file}'],
      parameters: z.strictObject({ file: pathInside(import.meta.dirname) }),
    },
  },
});
`,
};

function directoryWithProject(): string {
  const directory = tempDir();
  for (const [name, text] of Object.entries(PROJECT)) writeFileSync(join(directory, name), text);
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}

function startWork(directory: string, server: { url: string; key: string }, args: string[]) {
  const given = ['work', '--url', server.url, '--queue', 'ci', ...args];
  const child = spawnCommand(given, directory, { HOLDFAST_API_KEY: server.key }, COMMAND);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return { child, output: collect(child) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals) {
  const gone = once(child, 'exit');
  child.kill(signal);
  const [code, endedBy] = await gone;
  return code ?? endedBy;
}

function pidsOf(directory: string): number[] {
  const path = join(directory, 'pids');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(Number) : [];
}

const make = (client: Client, type: string, payload: unknown, timeout = '2m') =>
  client.makePromise({ type, queue: 'ci', payload: payload as never, timeout });

test('a worker runs a vitest project: what passes, fails and hangs is told, and nothing is left running', async () => {
  const directory = directoryWithProject();
  const server = await startProcess(tempDir());
  const client = createClient(server);
  const { key } = await client.makeKey({ name: 'ci', scopes: ['consume'], queues: ['ci'] });
  const reach = { url: server.url, key: key ?? '' };
  const worker = startWork(directory, reach, ['--allow', 'test-suite,command']);
  const { id } = await make(client, 'test-suite', {
    suite: 'unit',
    files: ['math.spec.js', 'wrong.spec.js', 'hang.spec.js'],
  });
  const told: string[] = [];
  await expect
    .poll(
      async () => {
        told.push((await client.getPromise({ id })).progress?.message ?? '');
        return told.at(-1);
      },
      { timeout: 40_000, interval: 200 },
    )
    .toContain('hanging now');
  const promise = await client.wait(id);
  const result = promise.result as unknown as SuiteResult;
  expect(promise).toMatchObject({ status: 'completed', attempt: 1 });
  expect(result).toMatchObject({ suite: 'unit', ok: false, passed: 1, failed: 1, skipped: 1 });
  expect(result.files.map(({ file, status }) => [file, status])).toEqual([
    ['hang.spec.js', 'timed-out'],
    ['math.spec.js', 'passed'],
    ['wrong.spec.js', 'failed'],
  ]);
  const wrong = result.failures.find(({ file }) => file === 'wrong.spec.js');
  expect(wrong).toMatchObject({ name: 'is wrong' });
  expect(wrong?.message).toContain('expected 2 to be 3');
  expect(wrong?.output).toContain('looking at it');
  expect(result.slowest.length).toBeGreaterThan(0);
  expect(pidsOf(directory)).toHaveLength(2);
  expect(pidsOf(directory).filter(isRunning)).toEqual([]);

  const refusals = [
    ['test-suite', { suite: 'unit; touch smuggled' }],
    ['test-suite', { suite: 'unit', files: ['../../etc/passwd'] }],
    ['test-suite', { suite: 'unit', files: ['$(touch smuggled).spec.js'] }],
    ['test-suite', { suite: 'unit', args: ['-c', 'touch smuggled'] }],
    ['command', { command: '/bin/sh', parameters: { file: '-c' } }],
    ['command', { command: 'count', parameters: { file: '../outside' } }],
    ['command', { command: 'count', parameters: { file: '$(touch smuggled)' } }],
    ['command', { command: 'count', parameters: { file: 'a; touch smuggled' } }],
  ] as const;
  const made = await Promise.all(refusals.map(([type, payload]) => make(client, type, payload)));
  for (const one of await Promise.all(made.map((it) => client.wait(it.id)))) {
    expect(one).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'input-invalid' } });
  }
  const counted = await make(client, 'command', {
    command: 'count',
    parameters: { file: 'math.spec.js' },
  });
  expect((await client.wait(counted.id)).result).toMatchObject({
    exitCode: 0,
    output: expect.stringMatching(/^\d+ .*math\.spec\.js\n$/),
  });
  expect(existsSync(join(directory, 'smuggled'))).toBe(false);
  expect(await end(worker.child, 'SIGTERM')).toBe(0);
  const codes = worker
    .output()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).code);
  expect(codes).toContain('started');
  expect(codes.at(-1)).toBe('stopped');
});

test('a worker that is killed takes its programs with it, and another takes over', async () => {
  const directory = directoryWithProject();
  const server = await startProcess(tempDir());
  const client = createClient(server);
  const args = ['--allow', 'test-suite', '--lease', '5s'];
  const first = startWork(directory, server, args);
  const payload = { suite: 'unit', files: ['slow.spec.js'] };
  const promise = { type: 'test-suite', queue: 'ci', payload, timeout: '2m' };
  await client.makeSchedule({ name: 'nightly', cron: '0 3 * * *', promise });
  const { id } = await client.triggerSchedule({ name: 'nightly' });
  await expect.poll(() => pidsOf(directory).length, { timeout: 30_000 }).toBe(2);
  expect(pidsOf(directory).filter(isRunning)).toHaveLength(2);
  expect(await end(first.child, 'SIGKILL')).toBe('SIGKILL');
  await expect.poll(() => pidsOf(directory).filter(isRunning), { timeout: 10_000 }).toEqual([]);
  const second = startWork(directory, server, args);
  const kept = await client.wait(id);
  expect(kept).toMatchObject({ status: 'completed', result: { ok: true, passed: 1 } });
  expect(kept.failures).toMatchObject([{ error: { code: 'lease-expired' } }]);
  expect(await end(second.child, 'SIGTERM')).toBe(0);
});

test('what was not allowed is left alone, and SIGTERM hands back what runs and ends it', async () => {
  const directory = directoryWithProject();
  const { client, url, service } = await openClient();
  const server = { url, key: service.key };
  const worker = startWork(directory, server, ['--allow', 'test-suite', '--drain', '100ms']);
  const command = await make(client, 'command', {
    command: 'count',
    parameters: { file: 'math.spec.js' },
  });
  const suite = await make(client, 'test-suite', { suite: 'unit', files: ['hang.spec.js'] });
  await expect.poll(() => pidsOf(directory).length, { timeout: 30_000 }).toBe(2);
  expect((await client.getPromise({ id: command.id })).status).toBe('pending');
  expect(await end(worker.child, 'SIGTERM')).toBe(0);
  expect(await client.getPromise({ id: suite.id })).toMatchObject({
    status: 'pending',
    attempt: 0,
  });
  expect(pidsOf(directory).filter(isRunning)).toEqual([]);
});

test('what cannot be allowed is refused before anything is claimed', async () => {
  const directory = directoryWithProject();
  writeFileSync(
    join(directory, 'bad.ts'),
    `export default { suites: { unit: { program: 'node', report: 'html' } } };`,
  );
  const load = (sources: WorkSources) => loadWorkTasks(sources, directory, process.env);
  await expect(load({})).rejects.toThrow('--handlers or --allow: one of them must be given');
  await expect(load({ allow: 'test-suite,deploy' })).rejects.toThrow(
    '--allow: nothing here keeps "deploy" (there is test-suite, command)',
  );
  const none = load({ allow: 'command', machine: './none.ts' });
  await expect(none).rejects.toThrow('--machine ./none.ts: there is no such file');
  const bad = load({ allow: 'test-suite', machine: './bad.ts' });
  await expect(bad).rejects.toThrow('--machine ./bad.ts: suites.unit.report: ');
  await expect(load({ machine: './bad.ts' })).rejects.toThrow('--machine: needs --allow');
  const { tasks } = await load({ allow: 'command' });
  expect(tasks.map(({ type }) => type)).toEqual(['command']);
});
