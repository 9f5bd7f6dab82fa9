import { expect, it } from 'vitest';
import { firstErrors } from './first-errors.js';

const expired = { message: 'Transaction timed out', code: 'TRANSACTION_TIMEOUT' };
const other = { message: 'no such table: t', code: 'SQLITE_ERROR' };
const batch = (...step_errors: unknown[]) => ({
  type: 'ok',
  response: { type: 'batch', result: { step_results: [], step_errors } },
});
const answer = (...results: unknown[]) => JSON.stringify({ baton: null, results });

it('of a batch that was given up the steps that say so behind the first that failed are left out', () => {
  const close = { type: 'ok', response: { type: 'close' } };
  const given = answer(
    close,
    batch(null, expired, expired, null, expired),
    batch(null, other, expired, other, expired),
  );
  expect(firstErrors(given)).toBe(
    answer(close, batch(null, expired, null, null, null), batch(null, other, null, other, null)),
  );
});

it.each([
  ['where no step failed', answer(batch(null, null))],
  ['where steps failed for another reason', answer(batch(null, other, other))],
  ['of another request', answer({ type: 'error', error: expired })],
  ['with a text that looks like one', answer({ text: 'TRANSACTION_TIMEOUT' })],
  ['that was cut short', answer(batch(null, expired, expired)).slice(0, -4)],
  ['that is empty', ''],
])('an answer %s passes as it is', (_what, given) => {
  expect(firstErrors(given)).toBe(given);
});
