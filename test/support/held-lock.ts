import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import { buildProgram } from './program.js';

/** Takes the write lock of a file, in another process, until it is told to let go. */
export async function holdLock(url: string): Promise<{ letGo: () => Promise<void> }> {
  const program = await buildProgram('test/support/lock-holder.ts');
  onTestFinished(() => program.remove());
  const holder = fork(program.path, [url]);
  onTestFinished(() => void holder.kill('SIGKILL'));
  const [message] = await once(holder, 'message');
  expect(message).toBe('holding');
  return {
    letGo: async () => {
      holder.send('let go');
      await once(holder, 'exit');
    },
  };
}
