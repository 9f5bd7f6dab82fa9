import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { MARKER, ProcessTree } from '../../src/machine/process-tree.js';

/** Which is alone in a session of its own. */
function startMarked(mark: string) {
  const child = spawn('sleep', ['600'], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, [MARKER]: mark },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test.runIf(process.platform === 'linux')(
  'what begins while somebody looks at the memory of a run is ended with it',
  async () => {
    const root = startMarked('a-run');
    const tree = new ProcessTree(root.pid ?? 0, 'a-run');
    const look = tree.members();
    // Found by its mark alone, and by no look that was begun before it.
    const late = startMarked('a-run');
    const gone = once(late, 'exit');
    await tree.kill();
    expect((await gone)[1]).toBe('SIGKILL');
    await look;
  },
);
