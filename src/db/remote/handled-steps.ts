import { BatchStep } from '@libsql/hrana-client';

let areHandled = false;

/**
 * What `first-errors.ts` is for, where no answer passes through our hands, or several steps fail for
 * reasons of their own: from now on no step of a batch that fails can end the process.
 */
export function handleSteps(): void {
  if (areHandled) return;
  areHandled = true;
  const step: Record<'query' | 'run', (...args: never[]) => Promise<unknown>> = BatchStep.prototype;
  for (const method of ['query', 'run'] as const) {
    const send = step[method];
    step[method] = function (this: BatchStep, ...args) {
      const answer = send.apply(this, args);
      answer.catch(() => {});
      return answer;
    };
  }
}
