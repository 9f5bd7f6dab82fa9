import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

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
