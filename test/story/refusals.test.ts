import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AS_ONE_FILE, COMMAND } from '../support/command.js';
import { tempDir } from '../support/temp-dir.js';
import { runCommand, startProcess } from './server-process.js';

const KEY = 'k'.repeat(32);

async function refusal(
  env: Record<string, string>,
  directory = tempDir(),
  command = AS_ONE_FILE,
): Promise<string> {
  const { code, output } = await runCommand(['start'], directory, { PORT: '0', ...env }, command);
  expect([code, output]).toEqual([1, expect.not.stringContaining('at async')]);
  return output;
}

test('a port in use is said by name', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const output = await refusal({ PORT: String(port) });
  expect(output).toMatch(new RegExp(`^holdfast: PORT: ${port} is in use on 127\\.0\\.0\\.1`));
});

test('every bad setting is said at once, by name, rule and value; secrets are not printed', async () => {
  const env = {
    PORT: '70000',
    HOLDFAST_API_KEY: 'hush-hush',
    QUEUE_DATABASE_URL: 'postgres://user:hush-hush@host/db?password=hush-hush',
    HOLDFAST_DRAIN: 'a while',
    HOLDFAST_LOG_LEVEL: 'loud',
  };
  const output = await refusal(env, tempDir(), COMMAND);
  for (const name of [
    'PORT',
    'HOLDFAST_API_KEY',
    'QUEUE_DATABASE_URL',
    'HOLDFAST_DRAIN',
    'HOLDFAST_LOG_LEVEL',
  ]) {
    expect(output).toContain(`  ${name}: `);
  }
  expect(output).toContain('"70000"');
  expect(output).not.toContain('hush');
});

test('beyond loopback nothing starts without a key', async () => {
  for (const HOST of ['0.0.0.0', '::', '192.0.2.1']) {
    expect(await refusal({ HOST })).toContain('HOLDFAST_API_KEY: must be set');
  }
});

test('a host that is not of this machine is said by name', async () => {
  const output = await refusal({ HOST: '192.0.2.1', HOLDFAST_API_KEY: KEY });
  expect(output).toContain('HOST: 192.0.2.1 is no address of this machine');
});

test('a data directory that cannot be used is said by name', async () => {
  const directory = tempDir();
  writeFileSync(join(directory, 'data'), 'a file in its place');
  expect(await refusal({}, directory)).toContain('QUEUE_DATABASE_URL: the directory data');
  expect(await refusal({ HOLDFAST_API_KEY: KEY }, directory)).toContain('the directory data');
});

test('a database file that is none, or cannot be opened, is said by name', async () => {
  const garbled = tempDir();
  mkdirSync(join(garbled, 'data'));
  writeFileSync(
    join(garbled, 'data/queue.db'),
    'not a database, but longer than its header would be. '.repeat(40),
  );
  expect(await refusal({}, garbled)).toContain('queue');
  const blocked = tempDir();
  mkdirSync(join(blocked, 'data/system.db'), { recursive: true });
  expect(await refusal({}, blocked)).toContain('system');
});

test('a configuration that is not valid is said by field', async () => {
  const directory = tempDir();
  writeFileSync(
    join(directory, 'holdfast.config.mjs'),
    'export default { tasks: [{ type: "a" }], colour: "red" };',
  );
  const output = await refusal({}, directory, COMMAND);
  expect(output).toContain('tasks.0: must be made by defineTask');
  expect(output).toContain('colour');
  const broken = tempDir();
  writeFileSync(join(broken, 'holdfast.config.mjs'), 'export default {');
  expect(await refusal({}, broken, COMMAND)).toContain('holdfast.config.mjs cannot be loaded');
});

test('on loopback without a key one is made, for its owner alone, and printed', async () => {
  const directory = tempDir();
  const server = await startProcess(directory, {}, COMMAND);
  expect(statSync(join(directory, 'data/api-key')).mode & 0o777).toBe(0o600);
  expect(server.key).toHaveLength(64);
  expect(server.output()).toContain(server.key);
  expect((await server.ask('GET', '/v1/promises')).status).toBe(200);
});

test('a key that was set is not printed', async () => {
  const server = await startProcess(tempDir(), { HOLDFAST_API_KEY: KEY });
  expect((await server.ask('GET', '/v1/promises')).status).toBe(200);
  expect(server.output()).not.toContain(KEY);
});

test('migrate, --help and --version work anywhere', async () => {
  const directory = tempDir();
  const run = (...args: string[]) => runCommand(args, directory);
  const first = await runCommand(['migrate'], directory, {}, COMMAND);
  expect([first.code, first.output]).toEqual([
    0,
    expect.stringMatching(/^queue: schema \d+, applied 1 /),
  ]);
  const second = await run('migrate');
  expect(second.output).toMatch(/^queue: schema \d+, up to date$/m);
  const [help, version, wrong] = await Promise.all([run('--help'), run('--version'), run('strat')]);
  expect([help.code, help.output]).toEqual([0, expect.stringContaining('start')]);
  expect(version.output).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(wrong.code).toBe(1);
});
