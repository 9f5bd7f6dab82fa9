import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Told, told } from '../http/fixture.js';
import { AS_ONE_FILE } from '../support/command.js';

export interface ServerProcess {
  readonly url: string;
  readonly key: string;
  readonly child: ChildProcess;
  output(): string;
  ask(method: string, path: string, body?: unknown): Promise<Told>;
  /** Sends the signal and resolves with the exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

/** Runs `holdfast` with these arguments and resolves when it has ended. */
export async function runCommand(
  args: readonly string[],
  directory: string,
  env: Readonly<Record<string, string>> = {},
  command = AS_ONE_FILE,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawnCommand(args, directory, env, command);
  const output = collect(child);
  const [code] = await once(child, 'close');
  return { code: code as number | null, output: output() };
}

/**
 * Starts `holdfast start` in `directory` on a free port, and resolves when it has
 * said where it is. It ends with the test. `command`: as a user has it, or of another release.
 */
export async function startProcess(
  directory: string,
  env: Readonly<Record<string, string>> = {},
  command = AS_ONE_FILE,
): Promise<ServerProcess> {
  const child = spawnCommand(['start'], directory, { PORT: '0', ...env }, command);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const output = collect(child);
  const url = await whenListening(child, output);
  const key = env.HOLDFAST_API_KEY ?? readFileSync(join(directory, 'data/api-key'), 'utf8').trim();
  return {
    url,
    key,
    child,
    output,
    async ask(method, path, body) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return told(response);
    },
    async end(signal) {
      const gone = once(child, 'exit');
      child.kill(signal);
      const [code, endedBy] = await gone;
      return code ?? endedBy;
    },
  };
}

export function spawnCommand(
  args: readonly string[],
  directory: string,
  env: Readonly<Record<string, string>>,
  command = AS_ONE_FILE,
): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  return spawn(process.execPath, [command, ...args], {
    cwd: directory,
    env: { PATH, HOME, ...env },
  });
}

export function collect(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return () => output;
}

async function whenListening(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const url = / is at (http:\S+)/.exec(output())?.[1];
      // The line after it has come too: the greeting is one write.
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on('data', look);
    child.once('close', (code) => reject(new Error(`ended with ${code}:\n${output()}`)));
  });
}
