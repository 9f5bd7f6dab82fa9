import { HoldfastError } from '../../src/core/index.js';
import type { Answer, Call, Operation } from './operation.js';

/** What is added to the deadline of one write: a call may need several, and a look. */
const MARGIN_MS = 2_000;

/**
 * Carries a call out. It is answered in time, whatever its databases do.
 * @throws HoldfastError `commit-unknown` when it goes on after that
 */
export function inTime(
  operation: Operation,
  call: Call<unknown, unknown, unknown>,
): Promise<Answer> | Answer {
  const working = operation.handle(call);
  if (operation.isLong || !(working instanceof Promise)) return working;
  const limitMs = call.services.settings.HOLDFAST_BUSY_DEADLINE + MARGIN_MS + waitOf(call);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(tooLate(operation, limitMs)), limitMs);
    working.then(
      (answer) => {
        clearTimeout(timer);
        resolve(answer);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** How long the caller wants to wait. */
function waitOf({ query, body }: Call<unknown, unknown, unknown>): number {
  return ownWait(query) ?? ownWait(body) ?? 0;
}

function ownWait(asked: unknown): number | undefined {
  const wait = (asked as { readonly wait?: unknown } | null | undefined)?.wait;
  return typeof wait === 'number' ? wait : undefined;
}

function tooLate({ id }: Operation, limitMs: number): HoldfastError {
  const message = `${id} was not done after ${limitMs} ms; whether it will be is not known`;
  return new HoldfastError('commit-unknown', message, { retryable: true });
}
