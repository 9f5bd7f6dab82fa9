import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');

/** Runs a program to its end; rejects with what it wrote when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return await promisify(execFile)(program, [...args], { cwd }).catch(
    (error: { readonly stdout: string; readonly stderr: string }) => {
      throw new Error(`${program} ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`);
    },
  );
}

/** `npm run pack`; returns where the tarball is. */
export async function pack(directory: string): Promise<string> {
  const script = join(ROOT, 'scripts/pack.ts');
  const { stdout } = await run(process.execPath, ['--import', 'tsx', script, directory], ROOT);
  return stdout.trim();
}

/** An empty project that has installed the tarball, and nothing else. */
export async function installed(directory: string, tarball: string): Promise<string> {
  mkdirSync(directory, { recursive: true });
  write(directory, 'package.json', { name: 'consumer', private: true, type: 'module' });
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  const patient = ['--prefer-offline', '--fetch-retries=5'];
  await run('npm', ['install', ...quiet, ...patient, tarball], directory);
  return directory;
}

export function write(directory: string, name: string, content: string | object): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** A tool of ours, which the project need not have. */
export function tool(name: string): string {
  return join(ROOT, 'node_modules/.bin', name);
}

/** Where the types of the platforms are. */
export function ourTypes(name: string): string {
  return join(ROOT, 'node_modules', name);
}
