import type { FileRun, FileStatus } from './file-run.js';
import { beginningOf, endOf, readable } from './output.js';
import type { TestCase } from './test-case.js';

/** What a kept `test-suite` promise has as its result. Counts are of tests. */
export type SuiteResult = {
  readonly suite: string;
  /** True when every file ran to its end and no test failed. */
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly durationMs: number;
  /** All, the first 1,000; `file` is null when the suite was run as a whole. */
  readonly files: readonly FileResult[];
  /** The ten slowest tests. */
  readonly slowest: readonly NamedTest[];
  /** Failed tests, and files that failed without one: the first 50. */
  readonly failures: readonly TestFailure[];
  /** How many files and failures there are beyond those that are listed. */
  readonly unlisted: { readonly files: number; readonly failures: number };
};

type FileResult = {
  readonly file: string | null;
  readonly status: FileStatus;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly durationMs: number;
  /** The most that was seen, of all its processes. */
  readonly memoryMiB: number;
};

type NamedTest = {
  readonly file: string | null;
  readonly name: string;
  readonly durationMs: number;
};

type TestFailure = {
  readonly file: string | null;
  /** Null when the file failed as a whole. */
  readonly name: string | null;
  readonly message: string;
  /** The end of what it wrote. */
  readonly output: string;
};

/** A result is at most 1,048,576 characters; this leaves room. */
const LISTED = { files: 1_000, slowest: 10, failures: 50 } as const;
const LENGTHS = { name: 300, message: 2_000, output: 4_000 } as const;

export function suiteResult(
  suite: string,
  runs: readonly FileRun[],
  durationMs: number,
): SuiteResult {
  const files = runs.map(fileResult);
  const failures = runs.flatMap(failuresOf);
  const count = (key: 'passed' | 'failed' | 'skipped') =>
    files.reduce((sum, file) => sum + file[key], 0);
  const tests = runs.flatMap((run) => run.cases.map((one) => named(run, one)));
  return {
    suite,
    ok: files.every(({ status }) => status === 'passed'),
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    durationMs: Math.round(durationMs),
    files: files.slice(0, LISTED.files),
    slowest: tests.sort((a, b) => b.durationMs - a.durationMs).slice(0, LISTED.slowest),
    failures: failures.slice(0, LISTED.failures),
    unlisted: {
      files: Math.max(files.length - LISTED.files, 0),
      failures: Math.max(failures.length - LISTED.failures, 0),
    },
  };
}

/** One sentence of a result. */
export function summaryOf({ passed, failed, skipped, files, unlisted }: SuiteResult): string {
  const broken = files.filter(({ status }) => status !== 'passed').length;
  const all = files.length + unlisted.files;
  return `${passed} passed, ${failed} failed, ${skipped} skipped; ${broken} of ${all} files did not pass`;
}

function fileResult({ file, status, cases, durationMs, memoryMiB }: FileRun): FileResult {
  const count = (wanted: TestCase['status']) => cases.filter((one) => one.status === wanted).length;
  const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped')];
  return { file, status, passed, failed, skipped, durationMs, memoryMiB };
}

function named({ file }: FileRun, one: TestCase): NamedTest {
  const { name, durationMs } = one;
  return { file: fileOf(file, one), name: nameOf(name), durationMs };
}

function failuresOf({ file, status, cases, fault, output }: FileRun): TestFailure[] {
  const failed = cases.filter((one) => one.status === 'failed');
  const told = failed.map((one) => ({
    file: fileOf(file, one),
    name: nameOf(one.name),
    message: beginningOf(readable(one.message), LENGTHS.message),
    output: endOf(readable(one.output || output), LENGTHS.output),
  }));
  if (status === 'passed' || fault === '') return told;
  return [...told, { file, name: null, message: fault, output: endOf(output, LENGTHS.output) }];
}

/** A suite that is run as a whole tells by its report which file a test is of. */
function fileOf(file: string | null, one: TestCase): string | null {
  return file ?? (one.file === undefined ? null : nameOf(one.file));
}

function nameOf(name: string): string {
  return beginningOf(readable(name), LENGTHS.name);
}
