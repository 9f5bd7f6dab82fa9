import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError, messageOf } from '../core/index.js';
import { parseJunit } from './junit.js';
import type { Suite } from './machine-config.js';
import { endOf, type Output } from './output.js';
import { type ProcessEnd, type ProcessFate, runProcess } from './run-process.js';
import type { SuiteAsk } from './suite-run.js';
import { parseTap } from './tap.js';
import type { TestCase } from './test-case.js';

/** How the run of one test file ended; `failed` also when it wrote no report, or ended with an error. */
export type FileStatus = 'passed' | 'failed' | 'not-run' | Exclude<ProcessFate, 'exited'>;

export interface FileRun {
  /** Null when the suite is run as a whole. */
  readonly file: string | null;
  readonly status: FileStatus;
  readonly cases: readonly TestCase[];
  readonly durationMs: number;
  readonly memoryMiB: number;
  /** Why it failed when no test says so; empty otherwise. */
  readonly fault: string;
  /** The end of what it wrote. */
  readonly output: string;
}

/** A longer report is not read. */
const REPORT_BYTES_MAX = 33_554_432;
/** What of the output goes along with the progress. */
export const TOLD_LENGTH_MAX = 900;

/** Runs one test file, or the whole suite, in a process of its own. Never throws. */
export async function runFile(
  { suite, settings, workplace, scratch, signal }: SuiteAsk,
  file: string | null,
  at: number,
  leftMs: number,
  hear: (written: string) => void,
): Promise<FileRun> {
  const report = join(scratch, `report-${at}`);
  const { args, hasReport } = argsOf(suite.args, file, report);
  const timeoutMs = file === null ? leftMs : Math.min(suite.fileTimeout, leftMs);
  const { memoryMiB, outputKiB } = suite;
  const onOutput = (output: Output) => hear(endOf(output.tail, TOLD_LENGTH_MAX));
  const ask = { ...settings, args, timeoutMs, memoryMiB, outputKiB, signal, onOutput };
  const end = await runProcess(ask, workplace.guard);
  const told = { file, durationMs: end.durationMs, memoryMiB: end.memoryMiB };
  const output = end.output.tail;
  // A report may be whole although the process had to be ended: what it tells is not lost.
  const read = await casesOf(suite, hasReport ? report : undefined, end);
  const cases = Array.isArray(read) ? read : [];
  if (end.fate !== 'exited') {
    return { ...told, status: end.fate, cases, output, fault: faultOf(end, suite, timeoutMs) };
  }
  if (!Array.isArray(read)) return { ...told, status: 'failed', cases, output, fault: read };
  const hasFailed = cases.some(({ status }) => status === 'failed');
  const isClean = end.exitCode === 0;
  const fault = hasFailed || isClean ? '' : `it ended with ${end.exitCode ?? end.signal}`;
  return { ...told, status: hasFailed || !isClean ? 'failed' : 'passed', cases, output, fault };
}

function argsOf(templates: readonly string[], file: string | null, report: string) {
  // What begins with "-" would be read as an option.
  const name = file?.startsWith('-') ? `./${file}` : (file ?? '');
  const values: Readonly<Record<string, string>> = { '{file}': name, '{report}': report };
  const args = templates.map((one) =>
    one.replace(/\{file\}|\{report\}/g, (it) => values[it] ?? ''),
  );
  return { args, hasReport: templates.some((one) => one.includes('{report}')) };
}

/** The tests, or why they cannot be told. */
async function casesOf(
  { report: form }: Suite,
  path: string | undefined,
  { output }: ProcessEnd,
): Promise<TestCase[] | string> {
  try {
    const text = path === undefined ? output.stdout : await reportOf(path);
    return form === 'junit' ? parseJunit(text) : parseTap(text);
  } catch (error) {
    return messageOf(error);
  }
}

async function reportOf(path: string): Promise<string> {
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined) throw new HoldfastError('run-failed', 'it wrote no report');
  if (size <= REPORT_BYTES_MAX) return readFile(path, 'utf8');
  const rule = `must be at most ${REPORT_BYTES_MAX} bytes (received ${size})`;
  throw new HoldfastError('run-failed', `its report ${rule}`);
}

function faultOf(end: ProcessEnd, { memoryMiB, outputKiB }: Suite, timeoutMs: number): string {
  switch (end.fate) {
    case 'timed-out':
      return `it was ended after ${Math.round(timeoutMs)} ms`;
    case 'out-of-memory':
      return `it took more than ${memoryMiB} MiB of memory`;
    case 'too-much-output':
      return `it wrote more than ${outputKiB} KiB`;
    case 'not-started':
      return `it cannot be started: ${end.fault}`;
    case 'stopped':
      return 'it was stopped';
    case 'exited':
      return '';
  }
}
