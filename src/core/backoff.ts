import { z } from 'zod';
import { duration } from './duration-input.js';

/** How long to wait between attempts. All delays are milliseconds once parsed. */
export const backoff = z
  .strictObject({
    kind: z.enum(['fixed', 'linear', 'exponential', 'custom']),
    /** Wait before the second attempt. Default 1 s. */
    delay: duration.optional(),
    /** No wait is longer. Default 1 h. */
    max: duration.optional(),
    /** Growth per attempt of `exponential`, 1 to 10. Default 2. */
    factor: z.number().min(1).max(10).optional(),
    /** Share of each wait that is random, 0 to 1. Default 0.5; 0 for `fixed` and `custom`. */
    jitter: z.number().min(0).max(1).optional(),
    /** The waits of `custom`, one an attempt; the last one repeats. */
    delays: z.array(duration).min(1).max(100).optional(),
  })
  .refine((value) => value.kind !== 'custom' || value.delays !== undefined, {
    path: ['delays'],
    message: 'must be given when kind is "custom"',
  })
  .refine((value) => value.kind === 'custom' || value.delays === undefined, {
    path: ['delays'],
    message: 'goes with kind "custom" only',
  });

export type Backoff = z.infer<typeof backoff>;

export const BACKOFF_DEFAULTS = {
  kind: 'exponential',
  delay: 1_000,
  max: 3_600_000,
  factor: 2,
  jitter: 0.5,
} as const;

/**
 * Milliseconds to wait after the `attempt`-th attempt (1 first) has failed.
 * `random` is in [0, 1). Jitter takes away up to its share of the wait and never
 * adds, so `max` holds.
 */
export function backoffDelayMs(rule: Backoff, attempt: number, random: number): number {
  const whole = Math.min(baseDelayMs(rule, attempt), rule.max ?? BACKOFF_DEFAULTS.max);
  const steady = rule.kind === 'fixed' || rule.kind === 'custom';
  const jitter = rule.jitter ?? (steady ? 0 : BACKOFF_DEFAULTS.jitter);
  return Math.round(whole * (1 - jitter * random));
}

function baseDelayMs(rule: Backoff, attempt: number): number {
  const delay = rule.delay ?? BACKOFF_DEFAULTS.delay;
  switch (rule.kind) {
    case 'fixed':
      return delay;
    case 'linear':
      return delay * attempt;
    case 'exponential':
      return delay * (rule.factor ?? BACKOFF_DEFAULTS.factor) ** (attempt - 1);
    case 'custom': {
      const delays = rule.delays ?? [];
      return delays[Math.min(attempt, delays.length) - 1] ?? delay;
    }
  }
}
