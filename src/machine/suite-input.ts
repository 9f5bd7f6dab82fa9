import { z } from 'zod';
import { text } from '../core/index.js';

const PATTERN_RULE = 'must be a glob of letters, digits, "_", "-", ".", "/", "*" and "?"';
/** What a glob costs to match grows with its stars. */
const STARS_MAX = 8;

/** The payload of a `test-suite` promise: names, never a command. */
export const suiteInput = z.strictObject({
  /** A suite of the worker's configuration. */
  suite: text(1, 100),
  /** Only these of its test files, relative to its directory. */
  files: z.array(text(1, 1_000)).min(1).max(10_000).optional(),
  /** Only test files that match this glob. */
  pattern: text(1, 200)
    .regex(/^[\w./*?-]+$/, { error: PATTERN_RULE })
    .refine((glob) => glob.split('*').length <= STARS_MAX + 1, {
      error: `must have at most ${STARS_MAX} "*"`,
    })
    .optional(),
  /** True fails the promise, without another attempt, when a test fails. Default false. */
  mustPass: z.boolean().optional(),
});

export type SuiteInput = z.output<typeof suiteInput>;
