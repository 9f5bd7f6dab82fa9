import { defineMachine, pathInside } from 'holdfast/machine';
import { z } from 'zod';

/** What `npx holdfast work --allow test-suite,command` may run here, and nothing else. */
export default defineMachine({
  suites: {
    unit: {
      program: 'node',
      args: ['--test', '--test-reporter=junit', '--test-reporter-destination={report}', '{file}'],
      files: 'tests/*.test.mjs',
      report: 'junit',
      parallel: 2,
      fileTimeout: '1m',
      memoryMiB: 512,
    },
  },
  commands: {
    total: {
      program: 'node',
      args: ['scripts/total.mjs', '--currency={currency}'],
      parameters: z.strictObject({ currency: z.enum(['EUR', 'USD']) }),
      input: true,
      output: 'json',
      finalExitCodes: [2],
      timeout: '30s',
    },
    lines: {
      program: 'wc',
      args: ['-l', '{file}'],
      parameters: z.strictObject({ file: pathInside(import.meta.dirname) }),
    },
  },
});
