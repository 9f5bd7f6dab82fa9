import { expect, it } from 'vitest';
import { firstErrors } from './first-errors.js';

const expired = { message: 'Transaction timed out', code: 'TRANSACTION_TIMEOUT' };
const other = { message: 'no such table: t', code: 'SQLITE_ERROR' };
const batch = (...step_errors: unknown[]) => ({
  type: 'ok',
  response: { type: 'batch', result: { step_results: [], step_errors } },
});
const answer = (...results: unknown[]) => JSON.stringify({ baton: null, results });

it('of each batch the first step that failed is left failing, alone', () => {
  const close = { type: 'ok', response: { type: 'close' } };
  const given = answer(close, batch(null, expired, other, null, expired), batch(other, expired));
  expect(firstErrors(given)).toBe(
    answer(close, batch(null, expired, null, null, null), batch(other, null)),
  );
});

it.each([
  ['where no step failed', answer(batch(null, null))],
  ['of another request', answer({ type: 'error', error: expired })],
  ['with a text that looks like a failed step', answer({ text: '"step_errors":[{' })],
  ['that was cut short', '{"results":[{"response"'],
  ['that is empty', ''],
])('an answer %s passes as it is', (_what, given) => {
  expect(firstErrors(given)).toBe(given);
});
