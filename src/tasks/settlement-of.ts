import {
  BACKOFF_DEFAULTS,
  backoffDelayMs,
  HoldfastError,
  isVerdict,
  type Json,
  messageOf,
  type Random,
  type Verdict,
} from '../core/index.js';
import type { AttemptError, Claim, Enqueue, Settlement } from '../promises/index.js';

const ERROR_MESSAGE_LENGTH_MAX = 2_000;
const ERROR_DETAILS_LENGTH_MAX = 8_000;

/**
 * What a run's return value settles its promise as.
 * @param children what the run makes if it completes
 * @throws HoldfastError `run-failed` when a result or a state is no JSON
 */
export function settlementOf(
  { id, fence }: Claim,
  value: unknown,
  children: readonly Enqueue[] | undefined,
): Settlement {
  if (isVerdict(value)) return { id, fence, ...ofVerdict(value) };
  const result = jsonOf(value, 'result');
  if (children === undefined) return { id, fence, outcome: 'complete', result };
  return { id, fence, outcome: 'complete', result, children };
}

function ofVerdict(verdict: Verdict) {
  switch (verdict.kind) {
    case 'cancel':
      return { outcome: 'cancel', reason: verdict.reason } as const;
    case 'snooze':
      return { outcome: 'snooze', delayMs: verdict.delayMs } as const;
    case 'continue': {
      const state = jsonOf(verdict.state, 'state');
      return { outcome: 'snooze', delayMs: verdict.delayMs, state } as const;
    }
  }
}

/** What an error settles its promise as: tried again unless the error says that it is useless. */
export function failureOf(claim: Claim, error: unknown, random: Random): Settlement {
  const delayMs = backoffDelayMs(claim.backoff ?? BACKOFF_DEFAULTS, claim.attempt, random());
  return {
    id: claim.id,
    fence: claim.fence,
    outcome: 'fail',
    error: attemptErrorOf(error),
    retryable: error instanceof HoldfastError ? error.retryable : true,
    delayMs: Math.max(delayMs, retryAfterMsOf(error)),
  };
}

/** As JSON has it: what cannot be told from itself afterwards needs no second look. */
function jsonOf(value: unknown, what: string): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null') as Json;
  } catch (cause) {
    throw new HoldfastError('run-failed', `the ${what} is not JSON: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** A target that says when to come again is not called sooner. */
function retryAfterMsOf(error: unknown): number {
  const ms = error instanceof HoldfastError ? error.details.retryAfterMs : undefined;
  return typeof ms === 'number' ? ms : 0;
}

function attemptErrorOf(error: unknown): AttemptError {
  const message = storableText(messageOf(error), ERROR_MESSAGE_LENGTH_MAX);
  if (!(error instanceof HoldfastError)) return { code: 'run-failed', message };
  const details = JSON.stringify(error.details);
  const fits = details !== '{}' && details.length <= ERROR_DETAILS_LENGTH_MAX;
  return { code: error.code, message, ...(fits ? { details: JSON.parse(details) as Json } : {}) };
}

/** Cut, and made safe to store (F13). */
export function storableText(text: string, lengthMax: number): string {
  const safe = text.replaceAll('\u0000', '\ufffd').toWellFormed();
  return safe.length <= lengthMax ? safe : `${safe.slice(0, lengthMax - 1).toWellFormed()}…`;
}
