import {
  BACKOFF_DEFAULTS,
  backoffDelayMs,
  type Clock,
  HoldfastError,
  type Json,
  type Log,
  messageOf,
  parseInput,
  type Random,
} from '../core/index.js';
import type { AttemptError, Claim, Settlement } from '../promises/index.js';
import { isVerdict, type Task, type TaskContext } from './task.js';

/** Why an attempt's signal was aborted. */
export type AbortReason = 'attempt-timeout' | 'lease-lost' | 'stopping';

export class AttemptAborted extends HoldfastError {
  override readonly name = 'AttemptAborted';

  constructor(readonly reason: AbortReason) {
    super(reason === 'stopping' ? 'cancelled' : reason, MESSAGES[reason], { retryable: true });
  }
}

const MESSAGES: Record<AbortReason, string> = {
  'attempt-timeout': 'the attempt took longer than the timeout of its promise',
  'lease-lost': 'the promise is no longer held: it was cancelled, or recovered by another worker',
  stopping: 'the server is stopping; the promise will be run again',
};

const ERROR_MESSAGE_LENGTH_MAX = 2_000;
const ERROR_DETAILS_LENGTH_MAX = 8_000;

export interface AttemptOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted with an `AttemptAborted`. */
  readonly controller: AbortController;
}

/**
 * Runs one attempt and tells how it ended; never throws. Undefined when the lease
 * was lost: there is nothing left to settle. A handler that does not heed its
 * signal is left behind, its outcome unheard.
 */
export async function runAttempt(
  claim: Claim,
  task: Task,
  options: AttemptOptions,
): Promise<Settlement | undefined> {
  const { controller } = options;
  const held = { id: claim.id, fence: claim.fence };
  const ended = new AbortController();
  void options.clock.sleep(claim.timeoutMs, ended.signal).then(() => {
    if (!ended.signal.aborted) controller.abort(new AttemptAborted('attempt-timeout'));
  });
  try {
    const value = await Promise.race([run(claim, task, options), aborted(controller.signal)]);
    if (!isVerdict(value)) return { ...held, outcome: 'complete', result: jsonResult(value) };
    if (value.kind === 'cancel') return { ...held, outcome: 'cancel', reason: value.reason };
    return { ...held, outcome: 'snooze', delayMs: value.delayMs };
  } catch (thrown) {
    const error = controller.signal.aborted ? controller.signal.reason : thrown;
    if (!(error instanceof AttemptAborted)) return failure(claim, error, options.random);
    if (error.reason === 'lease-lost') return undefined;
    if (error.reason === 'stopping') return { ...held, outcome: 'snooze', delayMs: 0 };
    return failure(claim, error, options.random);
  } finally {
    ended.abort();
  }
}

async function run(claim: Claim, task: Task, options: AttemptOptions): Promise<unknown> {
  const input = parseInput(task.input, claim.payload, 'payload');
  const context: TaskContext = {
    id: claim.id,
    type: claim.type,
    queue: claim.queue,
    attempt: claim.attempt,
    maxAttempts: claim.maxAttempts,
    idempotencyKey: `${claim.id}.${claim.epoch}`,
    signal: options.controller.signal,
    log: options.log,
  };
  return task.run(input, context);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** @throws HoldfastError `run-failed` when the value is no JSON */
function jsonResult(value: unknown): Json {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null') as Json;
  } catch (cause) {
    throw new HoldfastError('run-failed', `the result is not JSON: ${messageOf(cause)}`, { cause });
  }
}

function failure(claim: Claim, error: unknown, random: Random): Settlement {
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

/** A target that says when to come again is not called sooner. */
function retryAfterMsOf(error: unknown): number {
  const ms = error instanceof HoldfastError ? error.details.retryAfterMs : undefined;
  return typeof ms === 'number' ? ms : 0;
}

function attemptErrorOf(error: unknown): AttemptError {
  const message = cut(messageOf(error), ERROR_MESSAGE_LENGTH_MAX);
  if (!(error instanceof HoldfastError)) return { code: 'run-failed', message };
  const details = JSON.stringify(error.details);
  const fits = details !== '{}' && details.length <= ERROR_DETAILS_LENGTH_MAX;
  return { code: error.code, message, ...(fits ? { details: JSON.parse(details) as Json } : {}) };
}

/** Cut, and made safe to store (F13). */
function cut(text: string, lengthMax: number): string {
  const safe = text.replaceAll('\u0000', '\ufffd').toWellFormed();
  return safe.length <= lengthMax ? safe : `${safe.slice(0, lengthMax - 1).toWellFormed()}…`;
}
