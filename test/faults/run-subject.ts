import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { SubjectOrders, SubjectReport } from './subject.js';

const SUBJECT = join(import.meta.dirname, 'subject.ts');

/**
 * Runs a subject behind a line of shell, `before`, which cuts its resources. Undefined when it
 * was killed.
 */
export function runSubject(orders: SubjectOrders, before = 'true') {
  return run('bash', [], orders, before);
}

/** The same on a file system of its own, of so many MiB. */
export async function runOnSmallDisk(
  orders: SubjectOrders,
  mib: number,
  before: string,
): Promise<SubjectReport> {
  const mount = `mount -t tmpfs -o size=${mib}m tmpfs "${orders.directory}"`;
  const report = await run('unshare', ['-rm', 'bash'], orders, `${mount} && ${before}`);
  if (report === undefined) throw new Error('the subject said nothing');
  return report;
}

/** True where a process may have file systems of its own: on Linux, unless the machine forbids it. */
export const hasNamespaces =
  process.platform === 'linux' && spawnSync('unshare', ['-rm', 'true']).status === 0;

async function run(
  shell: string,
  args: readonly string[],
  orders: SubjectOrders,
  before: string,
): Promise<SubjectReport | undefined> {
  const command = `${before} && exec "$0" --import tsx "$1" "$2"`;
  const child = spawn(
    shell,
    [...args, '-c', command, process.execPath, SUBJECT, JSON.stringify(orders)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (part: Buffer) => {
    output += part.toString();
  });
  await once(child, 'close');
  return output === '' ? undefined : (JSON.parse(output) as SubjectReport);
}
