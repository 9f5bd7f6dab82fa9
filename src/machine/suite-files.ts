import picomatch from 'picomatch';
import { glob } from 'tinyglobby';
import { HoldfastError, InputInvalidError } from '../core/index.js';
import type { SuiteInput } from './suite-input.js';

/** A run is of at most so many; what has more is no list of test files. */
const FILES_MAX = 10_000;
const NOT_TESTS = ['**/node_modules/**', '**/.git/**'];

/**
 * The files of a suite that a promise asks for, in the order of their names, relative to
 * `directory`. Whatever is asked for, only what the configuration's own globs find is chosen.
 * @throws InputInvalidError naming the field; HoldfastError `run-failed` when there are none
 */
export async function suiteFiles(
  globs: readonly string[],
  directory: string,
  asked: Pick<SuiteInput, 'suite' | 'files' | 'pattern'>,
): Promise<string[]> {
  const found = await glob([...globs], {
    cwd: directory,
    ignore: NOT_TESTS,
    followSymbolicLinks: false,
    onlyFiles: true,
    dot: false,
  });
  const own = found.filter((file) => !isOutside(file)).sort();
  if (own.length === 0 || own.length > FILES_MAX) {
    const rule = `must have 1 to ${FILES_MAX} test files on this worker`;
    throw new HoldfastError('run-failed', `suite "${asked.suite}": ${rule} (has ${own.length})`);
  }
  const chosen = asked.files === undefined ? own : chosenOf(own, asked.files, asked.suite);
  const { pattern } = asked;
  if (pattern === undefined) return chosen;
  const isMatch = picomatch(pattern, { nobrace: true, noextglob: true, nonegate: true });
  const matching = chosen.filter((file) => isMatch(file));
  if (matching.length > 0) return matching;
  throw refusal('pattern', `matches no test file of the suite "${asked.suite}"`, pattern);
}

function chosenOf(own: readonly string[], files: readonly string[], suite: string): string[] {
  const known = new Set(own);
  for (const [at, file] of files.entries()) {
    if (!known.has(file)) {
      throw refusal(`files.${at}`, `must be a test file of the suite "${suite}"`, file);
    }
  }
  const asked = new Set(files);
  return own.filter((file) => asked.has(file));
}

function isOutside(file: string): boolean {
  return file.startsWith('/') || file.split('/').includes('..');
}

function refusal(field: string, rule: string, received: string): InputInvalidError {
  return new InputInvalidError([
    { path: `payload.${field}`, rule, received: JSON.stringify(received) },
  ]);
}
