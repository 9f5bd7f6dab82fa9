import { HoldfastError, InputInvalidError, newId } from '../core/index.js';
import { LIMITS, type NewPromise, queueOfChild, withId } from '../promises/index.js';
import type { Attempt } from './attempt.js';
import type { Intake } from './intake.js';
import type { EnqueueOptions } from './task-context.js';

/** What one run makes is one write. */
const CHILDREN_MAX = 1_000;

/**
 * Makes a promise with the completion of `attempt`. Its id is known at once.
 * @throws InputInvalidError naming the field; HoldfastError `payload-too-large`; what the
 *   child's task throws
 */
export function addChild(
  attempt: Attempt,
  child: {
    readonly type: string;
    readonly payload: unknown;
    readonly options: EnqueueOptions | undefined;
  },
): string {
  const { type, payload, options } = child;
  const parsed = attempt.host.intake.parse(type, payload, options);
  const queue = queueOfChild(attempt.claim.queue, parsed.queue);
  const promise = withId({ ...parsed, queue }, newId());
  const made = { count: attempt.children.length, length: attempt.childrenLength };
  attempt.addChild(promise, lengthOfNext(promise, made));
  return promise.id;
}

/**
 * Checks what a run elsewhere makes with its completion, as `addChild` does for one here.
 * @throws InputInvalidError naming the field; HoldfastError `payload-too-large`; what the
 *   child's task throws
 */
export function checkChildren(
  intake: Pick<Intake, 'check'>,
  children: readonly NewPromise[],
): void {
  let made = { count: 0, length: 0 };
  for (const child of children) {
    intake.check(child);
    made = { count: made.count + 1, length: made.length + lengthOfNext(child, made) };
  }
}

/** Of its payload, when there is room for it beside what the run has made. */
function lengthOfNext(
  promise: NewPromise,
  made: { readonly count: number; readonly length: number },
): number {
  refuseChanges(promise);
  const { length } = JSON.stringify(promise.payload ?? null);
  const total = made.length + length;
  if (length > LIMITS.bodyLengthMax) throw tooLarge('payload', length, LIMITS.bodyLengthMax);
  if (total > LIMITS.setLengthMax) {
    throw tooLarge('payloads of all that one run makes', total, LIMITS.setLengthMax);
  }
  if (made.count >= CHILDREN_MAX) {
    throw refusal('enqueue', `one run makes at most ${CHILDREN_MAX} promises`, CHILDREN_MAX + 1);
  }
  return length;
}

/** A run makes; it does not change what others have made. */
function refuseChanges({ debounce, unique }: NewPromise): void {
  const rule = 'changes promises that others have made: a run can only make new ones';
  if (debounce !== undefined) throw refusal('debounce', rule, debounce);
  const { onConflict = 'return' } = unique ?? {};
  if (onConflict !== 'return') throw refusal('unique.onConflict', rule, onConflict);
}

function refusal(path: string, rule: string, received: unknown): InputInvalidError {
  return new InputInvalidError([{ path, rule, received: JSON.stringify(received) }]);
}

function tooLarge(what: string, length: number, lengthMax: number): HoldfastError {
  const message = `${what}: must be at most ${lengthMax} characters of JSON (received ${length})`;
  return new HoldfastError('payload-too-large', message, { details: { length, lengthMax } });
}
