import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';

/** The command as a checkout has it. */
export const COMMAND = join(import.meta.dirname, '../../bin/holdfast.mjs');
/**
 * The same, built once for all tests: it starts in a quarter of the processor's time. Not for a configuration
 * that imports Holdfast, which would get an instance of its own.
 */
export const AS_ONE_FILE = inject('commandFile');

/** The command's exit code and what it wrote. */
export async function holdfast(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const options = { cwd, env: { ...process.env, ...env } };
  return await promisify(execFile)(process.execPath, [AS_ONE_FILE, ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { readonly code: number; readonly stdout: string; readonly stderr: string }) => error,
  );
}
