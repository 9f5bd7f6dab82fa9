import { BatchStep } from '@libsql/hrana-client';

export { createClient as createWebSocketClient } from '@libsql/client/ws';

/**
 * What `remote/first-errors.ts` is for, where no answer passes through our hands: steps of a batch
 * that fail after the first one that did are handled here, before they end the process.
 */
for (const method of ['query', 'run'] as const) {
  const step = BatchStep.prototype as Record<typeof method, (...args: never[]) => Promise<unknown>>;
  const send = step[method];
  step[method] = function (this: BatchStep, ...args) {
    const answer = send.apply(this, args);
    answer.catch(() => {});
    return answer;
  };
}
