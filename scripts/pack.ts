/**
 * Makes the package that is published: compiles the tree into a directory of its own, in the same
 * shape, with a manifest that names the compiled files, and packs that. Prints where the tarball is.
 * `npm run pack -- DIRECTORY` puts it there; `.tmp` if left out.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? join(ROOT, '.tmp'));
const stage = join(out, 'package');

/** What is taken as it is. */
const AS_IT_IS = ['README.md', 'CHANGELOG.md', 'LICENSE'];

type Targets = Readonly<Record<string, string>>;

interface Manifest {
  readonly exports: Targets;
  readonly imports: Readonly<Record<string, Targets>>;
  readonly version: string;
  readonly [field: string]: unknown;
}

rmSync(stage, { recursive: true, force: true });
mkdirSync(stage, { recursive: true });
run('tsc', ['-p', 'tsconfig.package.json', '--outDir', stage]);
for (const path of AS_IT_IS) cpSync(join(ROOT, path), join(stage, path));
copyPlainScripts();
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
write('package.json', JSON.stringify(published(manifest), null, 2));
// Importing JSON is an experiment of Node 20's, which says so at each start.
write('functions/version.js', `export const VERSION = ${JSON.stringify(manifest.version)};`);
const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', out], {
  cwd: stage,
  encoding: 'utf8',
});
console.log(join(out, packed.trim()));

function run(tool: string, args: readonly string[]): void {
  execFileSync(join(ROOT, 'node_modules/.bin', tool), args, { cwd: ROOT, stdio: 'inherit' });
}

/** Scripts of threads and processes are JavaScript already, which the compiler leaves where it is. */
function copyPlainScripts(): void {
  for (const path of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (path.endsWith('.mjs')) cpSync(join(ROOT, 'src', path), join(stage, 'src', path));
  }
}

/** The manifest without what only the checkout needs, its targets compiled. */
function published({ exports, imports, ...rest }: Manifest): Record<string, unknown> {
  const { scripts: _, devDependencies: __, private: ___, ...kept } = rest;
  return {
    ...kept,
    // Compiled, it starts without the loader that the sources need.
    bin: { holdfast: 'src/cli/command.js' },
    exports: mapValues(exports, (target) =>
      target.endsWith('.ts')
        ? { types: compiled(target, '.d.ts'), default: compiled(target, '.js') }
        : target,
    ),
    imports: mapValues(imports, (conditions) =>
      mapValues(conditions, (target) => compiled(target, '.js')),
    ),
  };
}

function compiled(target: string, extension: string): string {
  return target.replace(/\.tsx?$/, extension);
}

function mapValues<T, R>(
  values: Readonly<Record<string, T>>,
  change: (value: T) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

function write(path: string, text: string): void {
  writeFileSync(join(stage, path), `${text}\n`);
}
