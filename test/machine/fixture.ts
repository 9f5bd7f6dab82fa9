import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import type { HandlerContext, HandlerTask } from '../../src/client/index.js';
import { silentLog } from '../../src/core/index.js';
import { type MachineConfig, openMachine } from '../../src/machine/index.js';

export const ROOT = new URL('../../', import.meta.url).pathname;

/** True while the process has not ended, or has and was not waited for yet. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux';
  }
}

export interface Told {
  readonly percent: number | null;
  readonly message: string | undefined;
}

/** A task of a machine, called as a worker calls it. */
export function openTask(type: 'test-suite' | 'command', config: MachineConfig, directory: string) {
  const machine = openMachine(config, { directory, env: process.env });
  onTestFinished(() => machine.close());
  const task = machine.tasks.find((one) => one.type === type) as HandlerTask;
  const told: Told[] = [];
  let stopping = new AbortController();
  const context = {
    timeoutMs: 300_000,
    log: silentLog,
    progress: (percent: number | null, message?: string) => told.push({ percent, message }),
  } as unknown as HandlerContext;
  return {
    told,
    /** Aborts what runs, as a lost lease does. */
    stop: () => {
      stopping.abort(new Error('stopped'));
      stopping = new AbortController();
    },
    run: async (payload: unknown) => {
      const input = task.input?.parse(payload);
      // biome-ignore lint/suspicious/noExplicitAny: what a result has is what the test looks at
      return (await task.run(input, { ...context, signal: stopping.signal })) as any;
    },
  };
}
