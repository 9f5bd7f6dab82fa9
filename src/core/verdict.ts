import { DURATION_RULE, parseDuration } from './duration.js';
import { InputInvalidError } from './errors.js';
import type { Json } from './json.js';

/** The same in every copy of this package: a handler may have another one than its worker. */
const VERDICT = Symbol.for('holdfast.verdict');

/** What a task may return instead of a result. */
export type Verdict = { readonly [VERDICT]: true } & (
  | { readonly kind: 'snooze'; readonly delayMs: number }
  | { readonly kind: 'continue'; readonly delayMs: number; readonly state: Json }
  | { readonly kind: 'cancel'; readonly reason: string }
);

/**
 * Runs the promise again after `delay`, milliseconds or `"5m"`; burns no attempt.
 * @throws InputInvalidError when `delay` is no duration
 */
export function snooze(delay: number | string): Verdict {
  return { [VERDICT]: true, kind: 'snooze', delayMs: delayMsOf(delay) };
}

/**
 * Ends this run and lets another go on from `state` (JSON), which it finds in its
 * context: for work that is longer than one invocation. Burns no attempt, and the
 * timeout begins anew.
 * @throws InputInvalidError when `delay` is no duration
 */
export function continueWith(
  state: Json,
  options: { readonly delay?: number | string } = {},
): Verdict {
  const delayMs = delayMsOf(options.delay ?? 0);
  return { [VERDICT]: true, kind: 'continue', delayMs, state };
}

/** Gives the promise up, without an error. */
export function cancel(reason: string): Verdict {
  return { [VERDICT]: true, kind: 'cancel', reason };
}

export function isVerdict(value: unknown): value is Verdict {
  return (value as Partial<Verdict> | null | undefined)?.[VERDICT] === true;
}

/** By hand: whoever returns verdicts in a browser needs no schemas for it. */
function delayMsOf(delay: number | string): number {
  const isOne = typeof delay === 'number' || typeof delay === 'string';
  const ms = isOne ? parseDuration(delay) : undefined;
  if (ms !== undefined) return ms;
  const received = JSON.stringify(delay) ?? 'nothing';
  throw new InputInvalidError([{ path: 'delay', rule: DURATION_RULE, received }]);
}
