import { HoldfastError, isVerdict, type Json, messageOf } from '../core/index.js';
import type { Contract } from './contract.js';
import type { Claimed } from './handler.js';

/** How an attempt ended, as the API takes it. */
export type Settlement = Contract['settlePromises']['input']['settlements'][number];

const MESSAGE_LENGTH_MAX = 2_000;
const DETAILS_LENGTH_MAX = 8_000;

/** A promise that a run makes. */
export type Child = NonNullable<Extract<Settlement, { outcome: 'complete' }>['children']>[number];

/**
 * What a handler's value settles its promise as.
 * @param children what the run makes if it completes
 * @throws HoldfastError `run-failed` when something of it is no JSON
 */
export function settlementOf(
  { id, fence }: Claimed,
  value: unknown,
  children: readonly Child[],
): Settlement {
  if (!isVerdict(value)) {
    const result = jsonOf(value, 'result');
    if (children.length === 0) return { id, fence, outcome: 'complete', result };
    const made = jsonOf(children, 'payload of what it makes') as unknown as Child[];
    return { id, fence, outcome: 'complete', result, children: made };
  }
  switch (value.kind) {
    case 'cancel':
      return { id, fence, outcome: 'cancel', reason: value.reason };
    case 'snooze':
      return { id, fence, outcome: 'snooze', delay: value.delayMs };
    case 'continue':
      return {
        id,
        fence,
        outcome: 'snooze',
        delay: value.delayMs,
        state: jsonOf(value.state, 'state'),
      };
  }
}

/** What an error settles its promise as: tried again unless the error says that it is useless. */
export function failureOf({ id, fence }: Claimed, error: unknown): Settlement {
  const message = cut(messageOf(error)) || 'the handler gave no reason';
  if (!(error instanceof HoldfastError)) {
    return { id, fence, outcome: 'fail', error: { code: 'run-failed', message } };
  }
  const { code, retryable, details } = error;
  const text = JSON.stringify(details);
  const more =
    text === '{}' || text.length > DETAILS_LENGTH_MAX ? {} : { details: JSON.parse(text) };
  return { id, fence, outcome: 'fail', retryable, error: { code, message, ...more } };
}

/** Gives a promise back, to be run again at once; it burns no attempt. */
export function handBack({ id, fence }: Claimed): Settlement {
  return { id, fence, outcome: 'snooze', delay: 0 };
}

/** @throws HoldfastError `run-failed` */
function jsonOf(value: unknown, what: string): Json {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null') as Json;
  } catch (cause) {
    const message = `the ${what} is not JSON: ${messageOf(cause)}`;
    throw new HoldfastError('run-failed', message, { cause });
  }
}

/** Made safe to store. */
function cut(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').slice(0, MESSAGE_LENGTH_MAX).toWellFormed();
}
