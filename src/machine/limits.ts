import { z } from 'zod';
import { duration } from '../core/index.js';

/** An hour is long for one promise; a day is a mistake. */
const TIMEOUT_MS = { min: 100, max: 86_400_000 } as const;

export const timeout = duration.refine((ms) => ms >= TIMEOUT_MS.min && ms <= TIMEOUT_MS.max, {
  error: 'must be from 100 milliseconds to 24 hours',
});

/** What a run may take, as a configuration writes it. */
export const limitFields = {
  /** Of all its processes together, in MiB. Default 1,024. */
  memoryMiB: z.int().min(16).max(1_048_576).default(1_024),
  /** What it may write on both streams together, in KiB. Default 1,024. */
  outputKiB: z.int().min(1).max(65_536).default(1_024),
};
