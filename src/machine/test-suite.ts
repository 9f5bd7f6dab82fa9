import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HandlerContext, HandlerTask } from '../client/index.js';
import { HoldfastError, InputInvalidError, systemClock } from '../core/index.js';
import type { Machine, Suite } from './machine-config.js';
import { endOf } from './output.js';
import { Places } from './places.js';
import { suiteFiles } from './suite-files.js';
import { type SuiteInput, suiteInput } from './suite-input.js';
import { type SuiteResult, suiteResult, summaryOf } from './suite-result.js';
import { runFiles } from './suite-run.js';
import { placed, type Workplace } from './workplace.js';

/** Of a promise's own timeout: the rest is for the result to arrive. */
const SHARE_OF_TIMEOUT = 0.95;

/** Runs a suite of the configuration. What it does: docs/tasks/test-suite.md. */
export function testSuiteTask(machine: Machine, workplace: Workplace): HandlerTask {
  const { suites, suitesAtOnce } = machine;
  const places = new Places(suitesAtOnce);
  return {
    type: 'test-suite',
    input: suiteInput,
    run: async (input: SuiteInput, context: HandlerContext) => {
      const suite = suiteOf(suites, input);
      const result = await places.run(context.signal, () =>
        runSuite(suite, input, context, workplace),
      );
      if (result.ok || input.mustPass !== true) return result;
      const { failures, slowest: _, files: __, ...counts } = result;
      const [first] = failures;
      throw new HoldfastError('tests-failed', summaryOf(result), {
        details: { ...counts, first: { ...first, output: endOf(first?.output ?? '', 1_000) } },
      });
    },
  };
}

function suiteOf(suites: Machine['suites'], { suite }: SuiteInput): Suite {
  const found = Object.hasOwn(suites, suite) ? suites[suite] : undefined;
  if (found !== undefined) return found;
  const rule = `must be a suite of this worker: ${Object.keys(suites).join(', ')}`;
  throw new InputInvalidError([{ path: 'payload.suite', rule, received: JSON.stringify(suite) }]);
}

async function runSuite(
  suite: Suite,
  input: SuiteInput,
  context: HandlerContext,
  workplace: Workplace,
): Promise<SuiteResult> {
  const startedAt = systemClock.monotonic();
  const settings = placed(suite, workplace);
  const files = await filesOf(suite, settings.directory, input);
  const scratch = await mkdtemp(join(tmpdir(), 'holdfast-suite-'));
  try {
    const runs = await runFiles({
      suite,
      settings,
      workplace,
      files,
      scratch,
      timeoutMs: Math.min(suite.timeout, context.timeoutMs * SHARE_OF_TIMEOUT),
      signal: context.signal,
      onChange: (ended, told) => context.progress((100 * ended) / files.length, told),
    });
    return suiteResult(input.suite, runs, systemClock.monotonic() - startedAt);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function filesOf(
  { files }: Suite,
  directory: string,
  input: SuiteInput,
): Promise<readonly (string | null)[]> {
  if (files !== undefined) return suiteFiles(files, directory, input);
  for (const field of ['files', 'pattern'] as const) {
    if (input[field] === undefined) continue;
    const rule = 'must be left out: this suite is run as a whole';
    const received = JSON.stringify(input[field]);
    throw new InputInvalidError([{ path: `payload.${field}`, rule, received }]);
  }
  return [null];
}
