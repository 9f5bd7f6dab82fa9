import { createInterface } from 'node:readline';
import { ProcessTree } from './process-tree.js';

/**
 * Runs beside a worker and is told on its standard input what the worker runs, one line
 * each: `+ PID MARK` and `- PID`. The end of the input is the end of the worker, however
 * it came: what still runs then is ended with all that it started.
 */
const running = new Map<string, ProcessTree>();

// Whoever stops the worker sends signals to its neighbours too; the end of the input is what counts.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, pid = '', mark = ''] = line.split(' ');
  if (verb === '+') running.set(pid, new ProcessTree(Number(pid), mark));
  else running.delete(pid);
}
await Promise.all([...running.values()].map((tree) => tree.kill()));
