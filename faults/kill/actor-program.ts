import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

/** The actor as one file: so a process that was killed is replaced in a third of the time. */
export interface ActorProgram {
  readonly path: string;
  remove(): void;
}

export async function buildActor(): Promise<ActorProgram> {
  // Inside the project: what is not in the file is found from there.
  const directory = join(ROOT, '.tmp', `kill-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'actor.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'actor.ts')],
    outfile: path,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
