import { z } from 'zod';
import { duration } from '../../src/core/index.js';
import { WAIT_MS_MAX } from './long-poll.js';

const RULE = `must be at most ${WAIT_MS_MAX / 60_000} minutes`;

/** How long an answer may be held back until there is something to tell, in a body. */
export const wait = duration.refine((ms) => ms <= WAIT_MS_MAX, { error: RULE });

/** The same as a query parameter, where milliseconds arrive as text. */
export const queryWait = z
  .string()
  .transform((value) => (/^\d+$/.test(value) ? Number(value) : value))
  .pipe(wait);
