import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** A process of the benchmark: its first line says that it is ready. */
export interface Child {
  readonly line: string;
  /** Processor time it has had, in milliseconds; NaN where the system does not tell. */
  cpuMs(): number;
  stop(): Promise<void>;
}

export async function startChild(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  ready = /\S+/,
): Promise<Child> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await firstMatch(child, ready);
  return {
    line,
    cpuMs: () => cpuMsOf(child.pid),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function firstMatch(child: ChildProcess, ready: RegExp): Promise<string> {
  let output = '';
  for await (const chunk of child.stdout ?? []) {
    output += String(chunk);
    const [found] = ready.exec(output) ?? [];
    if (found !== undefined) {
      child.stdout?.resume();
      return found;
    }
  }
  throw new Error(`ended before it was ready:\n${output}`);
}

/** Ticks of 10 ms, the 14th and 15th fields; the second one may hold spaces. */
function cpuMsOf(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return Number.NaN;
  }
}
