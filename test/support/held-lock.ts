import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';

/** Takes the write lock of a file, in another process, until it is told to let go. */
export async function holdLock(url: string): Promise<{ letGo: () => Promise<void> }> {
  const holder = fork(new URL('./lock-holder.ts', import.meta.url), [url], {
    execArgv: ['--import', 'tsx'],
  });
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
