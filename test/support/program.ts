import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { globSync } from 'tinyglobby';

const ROOT = join(import.meta.dirname, '../..');
/** The native binding, and what loads it; a loader, which has threads of its own. */
const LEFT_OUTSIDE = ['libsql', '@libsql/*', 'tsx'];
/** Packages that are CommonJS ask for Node's own modules by `require`. */
const REQUIRE =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";

/** A program of this tree as one file: its processes start in a fifth of the processor's time. */
export interface Program {
  /** Of the JavaScript file. */
  readonly path: string;
  remove(): void;
}

/** @param entry from the root of the tree, such as `sim/child.ts` */
export async function buildProgram(entry: string): Promise<Program> {
  // Inside the project: what is not in the file is found from there.
  mkdirSync(join(ROOT, '.tmp'), { recursive: true });
  const directory = mkdtempSync(join(ROOT, '.tmp/program-'));
  await build({
    // Scripts of threads and processes are looked for beside the file that starts them.
    entryPoints: [entry, ...globSync('src/**/*.mjs', { cwd: ROOT })],
    absWorkingDir: ROOT,
    outdir: directory,
    entryNames: '[name]',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    external: LEFT_OUTSIDE,
    banner: { js: REQUIRE },
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  const path = join(directory, basename(entry).replace(/\.ts$/, '.mjs'));
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** Several programs, each by its name. */
export interface Programs<Name extends string> {
  readonly paths: Readonly<Record<Name, string>>;
  remove(): void;
}

export async function buildPrograms<Name extends string>(
  entries: Readonly<Record<Name, string>>,
): Promise<Programs<Name>> {
  const names = Object.keys(entries) as Name[];
  const built = await Promise.all(names.map((name) => buildProgram(entries[name])));
  const paths = Object.fromEntries(names.map((name, at) => [name, built[at]?.path]));
  return {
    paths: paths as Record<Name, string>,
    remove() {
      for (const program of built) program.remove();
    },
  };
}
