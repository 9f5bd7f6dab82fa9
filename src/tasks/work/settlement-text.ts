import { formatDuration, type Json } from '../../core/index.js';
import type { PromiseRecord } from '../../promises/index.js';

/** What became of a settled promise, in words: task, duration, id, and last the result or error, which may be cut. */
export function settlementText(promise: PromiseRecord, result: Json): string {
  const { type, id } = promise;
  switch (promise.status) {
    case 'completed':
      return join(`✓ ${type} is done${tookOf(promise)}`, id, resultText(result));
    case 'failed':
      return join(
        `✗ ${type} failed after ${attemptsOf(promise)}${tookOf(promise)}`,
        id,
        errorText(promise),
      );
    case 'cancelled':
      return join(`– ${type} was cancelled`, id, errorText(promise));
    default:
      return join(`${type} is ${promise.status.replace('_', ' ')} again`, id);
  }
}

/** A text as it is, the `text` of a result that has one, any other as JSON. */
export function resultText(result: Json): string {
  if (result === null) return '';
  if (typeof result === 'string') return result;
  const { text } = result as { readonly text?: Json };
  return typeof text === 'string' ? text : JSON.stringify(result, null, 2);
}

/** At most `lengthMax` UTF-16 units; what was cut ends with "…". */
export function cutText(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  return `${text.slice(0, lengthMax - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function join(...parts: string[]): string {
  return parts.filter((part) => part !== '').join('\n');
}

function errorText({ error }: PromiseRecord): string {
  return error === null ? '' : `${error.code}: ${error.message}`;
}

function attemptsOf({ attempt }: PromiseRecord): string {
  return attempt === 1 ? '1 attempt' : `${attempt} attempts`;
}

function tookOf(promise: PromiseRecord): string {
  if (!('settledAt' in promise)) return '';
  const ms = promise.settledAt - (promise.startedAt ?? promise.createdAt);
  return ` in ${formatDuration(Math.max(ms, 0))}`;
}
