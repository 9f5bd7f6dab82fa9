import { z } from 'zod';
import { ERROR_CODES } from '../../src/core/index.js';

/** An error as the API shows it: RFC 9457, with the stable `code`. */
export const problem = z.object({
  type: z.string().describe('urn:holdfast:problem:<code>'),
  title: z.string(),
  status: z.int(),
  code: z.enum(ERROR_CODES),
  detail: z.string(),
  issues: z
    .array(z.object({ path: z.string(), rule: z.string(), received: z.string() }))
    .optional()
    .describe('with input-invalid: each field, its rule and what was received'),
});
