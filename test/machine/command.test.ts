import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type MachineConfig, openMachine } from '../../src/machine/index.js';
import { tempDir } from '../support/temp-dir.js';
import { isRunning, openTask } from './fixture.js';

/** A program that writes its pid and its children's, of which one leaves its session, and goes on. */
const FAMILY = `
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
const note = (pid) => appendFileSync('pids', pid + '\\n');
note(process.pid);
for (const detached of [false, true]) {
  const child = spawn('sleep', ['600'], { detached, stdio: detached ? 'ignore' : 'inherit' });
  child.unref();
  note(child.pid);
}
const [how] = process.argv.slice(2);
if (how === 'deaf') process.on('SIGTERM', () => {});
if (how === 'leave') process.exit(0);
console.log('ready');
setInterval(() => {}, 1_000);
`;

function openCommand(
  command: NonNullable<MachineConfig['commands']>[string],
  more: Partial<MachineConfig> = {},
) {
  const directory = tempDir();
  writeFileSync(join(directory, 'family.mjs'), FAMILY);
  const opened = openTask('command', { commands: { it: command }, ...more }, directory);
  const pids = () => {
    const path = join(directory, 'pids');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(Number) : [];
  };
  return { ...opened, directory, pids };
}

const node = process.execPath;
const script = (text: string) => ({ program: node, args: ['-e', text] });

describe('a configuration', () => {
  test('that could never run is refused before anything is claimed', () => {
    const open = (config: MachineConfig) => () =>
      openMachine(config, { directory: tempDir(), env: process.env });
    expect(open({ commands: { it: { program: 'no-such-program' } } })).toThrow(
      'commands.it.program: must be a program that can be run (received "no-such-program")',
    );
    expect(open({ commands: { it: { program: 'node', directory: 'nowhere' } } })).toThrow(
      'commands.it.directory: must be a directory',
    );
    expect(open({ commands: { it: { program: 'node', memoryMiB: 1 } } })).toThrow(
      'commands.it.memoryMiB',
    );
    expect(open({ suites: { it: { program: 'node', report: 'tap', args: ['{file}'] } } })).toThrow(
      'suites.it.args: has {file}, so files must be given',
    );
    expect(open({ commands: { it: { program: 'node', shell: true } as never } })).toThrow('shell');
    const noSuch = { program: 'node', args: ['{size}'] };
    expect(open({ commands: { it: noSuch } })).toThrow('commands.it.args: {size}');
  });
});

describe('a command', () => {
  test('that is not in the configuration is refused, whatever it is called', async () => {
    const { run } = openCommand(script('0'));
    for (const command of ['rm', 'constructor', '__proto__', '/bin/sh', 'it; id']) {
      await expect(run({ command })).rejects.toMatchObject({ code: 'input-invalid' });
    }
    await expect(run({ command: 'it', program: '/bin/sh' })).rejects.toThrow('program');
    await expect(run({ command: 'it', parameters: { x: 1 } })).rejects.toThrow('parameters');
    await expect(run({ command: 'it', input: 1 })).rejects.toThrow('payload.input');
  });

  test('is given its arguments as they are, an input, and nothing of the worker’s secrets', async () => {
    const text = `let input = ''; process.stdin.on('data', (d) => input += d).on('end', () =>
      console.log(JSON.stringify({ args: process.argv.slice(1), input: JSON.parse(input), env: process.env })))`;
    process.env.HOLDFAST_API_KEY = 'secret';
    const { run } = openCommand({
      program: node,
      args: ['-e', text, '--', '{name}', '--count={count}', '{rest}'],
      parameters: z.strictObject({
        name: z.string(),
        count: z.int().max(9),
        rest: z.array(z.string()).optional(),
      }),
      input: true,
      output: 'json',
      env: { GIVEN: 'yes' },
    });
    const { output, exitCode } = await run({
      command: 'it',
      parameters: { name: 'two words', count: 3, rest: ['a', 'b'] },
      input: { deep: [1] },
    });
    expect(exitCode).toBe(0);
    expect(output).toMatchObject({
      args: ['two words', '--count=3', 'a', 'b'],
      input: { deep: [1] },
      env: { GIVEN: 'yes', PATH: process.env.PATH },
    });
    expect(output.env).not.toHaveProperty('HOLDFAST_API_KEY');
    const refused = run({ command: 'it', parameters: { name: 'a', count: 10 } });
    await expect(refused).rejects.toThrow('payload.parameters.count');
  });

  test('that fails says how, and is not tried again when its code is final', async () => {
    const { run } = openCommand({
      ...script(`console.error('no such user'); process.exit(3)`),
      finalExitCodes: [3],
    });
    await expect(run({ command: 'it' })).rejects.toMatchObject({
      code: 'process-failed',
      retryable: false,
      details: { exitCode: 3, output: 'no such user\n' },
    });
    const other = openCommand(script('process.exit(4)'));
    await expect(other.run({ command: 'it' })).rejects.toMatchObject({ retryable: true });
  });

  test('that takes too much memory, its children counted, is ended', async () => {
    // A child that grows: what the program itself takes is little.
    const grow = 'const held = []; setInterval(() => held.push(Buffer.alloc(8e6, 1)), 10)';
    const { run } = openCommand({
      ...script(
        `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(grow)}])`,
      ),
      memoryMiB: 300,
    });
    await expect(run({ command: 'it' })).rejects.toMatchObject({
      code: 'process-limit',
      retryable: false,
      details: { limit: 'out-of-memory' },
    });
  });

  test('that writes too much is ended, and what it wrote is told while it runs', async () => {
    const { run, told } = openCommand({
      ...script(`setInterval(() => console.log('x'.repeat(999)), 5)`),
      outputKiB: 64,
    });
    await expect(run({ command: 'it' })).rejects.toMatchObject({
      code: 'process-limit',
      details: { limit: 'too-much-output', output: expect.stringMatching(/x{900}\n$/) },
    });
    expect(told.length).toBeGreaterThan(1);
    expect(Math.max(...told.map(({ message = '' }) => message.length))).toBeLessThan(1_000);
  });

  test('that takes too long is ended with all that it started, also when it does not listen', async () => {
    const { run, pids } = openCommand({
      program: node,
      args: ['family.mjs', 'deaf'],
      timeout: '3s',
    });
    await expect(run({ command: 'it' })).rejects.toMatchObject({
      code: 'process-limit',
      retryable: true,
      details: { limit: 'timed-out', signal: 'SIGKILL' },
    });
    expect(pids()).toHaveLength(3);
    expect(pids().filter(isRunning)).toEqual([]);
  });

  test('that is cancelled is ended with all that it started', async () => {
    const { run, pids, stop, told } = openCommand({ program: node, args: ['family.mjs'] });
    const running = run({ command: 'it' });
    await expect.poll(() => told.at(-1)?.message, { timeout: 10_000 }).toContain('ready');
    stop();
    await expect(running).rejects.toThrow('stopped');
    expect(pids().filter(isRunning)).toEqual([]);
  });

  test('begins when the one before has really gone, though that one was given up', async () => {
    const { run, pids, stop, told } = openCommand(
      { program: node, args: ['family.mjs', 'deaf'], timeout: '1m' },
      { commandsAtOnce: 1 },
    );
    const first = run({ command: 'it' });
    await expect.poll(() => told.at(-1)?.message, { timeout: 10_000 }).toContain('ready');
    stop();
    const second = run({ command: 'it' });
    await expect(first).rejects.toThrow('stopped');
    await expect.poll(() => pids().length, { timeout: 10_000 }).toBe(6);
    expect(pids().slice(0, 3).filter(isRunning)).toEqual([]);
    stop();
    await expect(second).rejects.toThrow('stopped');
  });

  test('that leaves processes behind keeps none of them', async () => {
    const { run, pids } = openCommand({ program: node, args: ['family.mjs', 'leave'] });
    await expect(run({ command: 'it' })).resolves.toMatchObject({ exitCode: 0 });
    expect(pids()).toHaveLength(3);
    expect(pids().filter(isRunning)).toEqual([]);
  });
});
