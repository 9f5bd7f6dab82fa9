import { type FinalResults, Parser, type Result } from 'tap-parser';
import { HoldfastError } from '../core/index.js';
import { SUITE_DEPTH_MAX, type TestCase } from './test-case.js';

/**
 * The tests of a TAP report, versions 12 to 14. A test with subtests is told by them.
 * @throws HoldfastError `run-failed` when it is none
 */
export function parseTap(text: string): TestCase[] {
  const cases: TestCase[] = [];
  const faults: string[] = [];
  const parser = new Parser();
  collect(parser, { names: [], cases });
  parser.on('complete', ({ failures }: FinalResults) => {
    for (const { tapError } of failures) {
      if (typeof tapError === 'string') faults.push(tapError);
    }
  });
  parser.on('bailout', (reason: unknown) => faults.push(`Bail out! ${String(reason)}`));
  parser.end(text);
  if (cases.length === 0 && (parser.syntheticPlan || faults.length > 0)) {
    const [fault = 'it has neither a plan nor a test'] = faults;
    throw new HoldfastError('run-failed', `the report is no whole TAP: ${fault}`);
  }
  for (const fault of faults) cases.push(failed({ name: 'the report itself', message: fault }));
  return cases;
}

interface Collection {
  readonly names: readonly string[];
  readonly cases: TestCase[];
}

function collect(parser: Parser, { names, cases }: Collection): void {
  /** Subtests whose own line has not come; how many cases there were before them. */
  let before: number | undefined;
  parser.on('child', (child: Parser) => {
    before = cases.length;
    if (names.length < SUITE_DEPTH_MAX) collect(child, { names: [...names, child.name], cases });
  });
  parser.on('assert', (result: Result) => {
    const subtests = before === undefined ? [] : cases.slice(before);
    before = undefined;
    const isTold = subtests.length > 0 && (isKept(result) || subtests.some(isFailed));
    if (!isTold) cases.push(caseOf(result, names));
  });
}

function caseOf(result: Result, names: readonly string[]): TestCase {
  const diagnosis: Readonly<Record<string, unknown>> = result.diag ?? {};
  const durationMs = Number(diagnosis.duration_ms ?? result.time ?? 0);
  const name = [...names.filter((one) => one !== ''), result.name].join(' > ');
  if (!isKept(result)) {
    return failed({ name, message: messageOf(diagnosis), durationMs: Math.round(durationMs) });
  }
  const isSkipped = result.skip !== false || result.todo !== false;
  const status = isSkipped ? 'skipped' : 'passed';
  const told = { durationMs: Math.round(durationMs) || 0, message: '', output: '' };
  return { name, file: undefined, status, ...told };
}

/** What is still to be done may fail. */
function isKept({ ok, todo, skip }: Result): boolean {
  return ok || todo !== false || skip !== false;
}

function isFailed({ status }: TestCase): boolean {
  return status === 'failed';
}

function failed(one: {
  readonly name: string;
  readonly message: string;
  readonly durationMs?: number;
}): TestCase {
  return { file: undefined, status: 'failed', output: '', durationMs: 0, ...one };
}

/** What runners put into the block under a failed line. */
function messageOf(diagnosis: Readonly<Record<string, unknown>>): string {
  const { error, message, stack } = diagnosis;
  const told = [error ?? message, stack].filter((one) => typeof one === 'string');
  if (told.length > 0) return told.join('\n');
  const text = JSON.stringify(diagnosis, undefined, 1);
  return text === '{}' ? '' : text;
}
