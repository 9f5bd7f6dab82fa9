import { expect, it } from 'vitest';
import { boundedFetch } from './request.js';

const ask = async (body: string) => {
  const report = { requests: 0, retryAfterMs: 0, rowsRead: 0, rowsWritten: 0 };
  const fetch = () => Promise.resolve(new Response(body, { status: 200 }));
  const bounded = boundedFetch({ fetch, timeoutMs: 1_000, report, now: () => 0 });
  return await (await bounded(new Request('http://127.0.0.1/'))).text();
};

it('what the client is given of a batch that was given up fails once', async () => {
  const error = { message: 'Transaction timed out', code: 'TRANSACTION_TIMEOUT' };
  const answer = (...step_errors: unknown[]) =>
    JSON.stringify({ results: [{ response: { result: { step_errors } } }] });
  expect(await ask(answer(null, error, error))).toBe(answer(null, error, null));
});
