import { expect, it } from 'vitest';
import { HoldfastError } from '../../core/index.js';
import { classifyError } from '../classify-error.js';
import { boundedFetch, type Fetch } from './request.js';

const request = (fetch: Fetch) => {
  const report = { requests: 0, retryAfterMs: 0, rowsRead: 0, rowsWritten: 0 };
  const bounded = boundedFetch({ fetch, timeoutMs: 1_000, report, now: () => 0 });
  return bounded(new Request('http://127.0.0.1/'));
};

const ask = async (body: string) =>
  await (await request(async () => new Response(body, { status: 200 }))).text();

it('what the client is given of a batch that was given up fails once', async () => {
  const error = { message: 'Transaction timed out', code: 'TRANSACTION_TIMEOUT' };
  const answer = (...step_errors: unknown[]) =>
    JSON.stringify({ results: [{ response: { result: { step_errors } } }] });
  expect(await ask(answer(null, error, error))).toBe(answer(null, error, null));
});

it.each(['ERR_INVALID_STATE', 'Z_DATA_ERROR', 'ECONNRESET'])(
  'a request that failed as %s may have been carried out, before its answer and within it',
  async (code) => {
    const broken = Object.assign(new TypeError('broken'), { code });
    const body = new ReadableStream({ pull: (answer) => answer.error(broken) });
    for (const fetch of [() => Promise.reject(broken), async () => new Response(body)]) {
      const lost = await request(fetch).catch(classifyError);
      expect(lost).toMatchObject({ code: 'database-unavailable', effect: 'unknown' });
    }
  },
);

it('a request that never left, and what an own `fetch` says, stay what they are', async () => {
  const failing = (error: Error) => request(() => Promise.reject(error)).catch(classifyError);
  const refused = Object.assign(new Error('no one there'), { code: 'ECONNREFUSED' });
  expect(await failing(refused)).toMatchObject({ code: 'database-unavailable', effect: 'none' });
  const failed = new TypeError('fetch failed', { cause: refused });
  expect(await failing(failed)).toMatchObject({ code: 'database-unavailable', effect: 'none' });
  const late = new DOMException('no answer', 'TimeoutError');
  expect(await failing(late)).toMatchObject({ code: 'database-timeout' });
  expect(await failing(new HoldfastError('database-auth', 'no'))).toMatchObject({
    code: 'database-auth',
  });
});
