import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { atExit } from './at-exit.js';

/** Starts a program, built, with its orders as the first message. It ends with this process. */
export function forkProgram(path: string, orders: object): ChildProcess {
  const child = fork(path, { execArgv: [] });
  child.once(
    'exit',
    atExit(() => child.kill('SIGKILL')),
  );
  child.send(orders);
  return child;
}

/** Those that have not ended. */
export function aliveOf(children: readonly ChildProcess[]): ChildProcess[] {
  return children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
}

/** Kills those that have not ended, and resolves when they have. */
export async function killAll(children: readonly ChildProcess[]): Promise<void> {
  const alive = aliveOf(children);
  const gone = alive.map((child) => once(child, 'exit'));
  for (const child of alive) child.kill('SIGKILL');
  await Promise.all(gone);
}
