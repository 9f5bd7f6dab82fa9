import { z } from 'zod';
import { DURATION_RULE, parseDuration } from './duration.js';

/** A duration as users write it; parsed to milliseconds. */
export const duration = z
  .union([z.number(), z.string()], { error: DURATION_RULE })
  .transform((value, context) => {
    const ms = parseDuration(value);
    if (ms !== undefined) return ms;
    context.addIssue({ code: 'custom', message: DURATION_RULE });
    return z.NEVER;
  });
