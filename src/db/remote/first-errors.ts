/** A step of a batch that failed, behind those that did not. */
const FAILED_STEP = /"step_errors":\[(?:null,)*\{/;

interface Answer {
  readonly results?: readonly { readonly response?: { readonly result?: StepsResult } }[];
}

interface StepsResult {
  step_errors?: readonly unknown[];
}

/**
 * The answer to a pipeline, where of each batch only the first step fails that did. libsql-server
 * tells that a transaction has run out of time (R2) of every step from there on, and `@libsql/client`
 * 0.18 handles the first alone: of the others the whole process would end, as of unhandled rejections.
 */
export function firstErrors(body: string): string {
  if (!FAILED_STEP.test(body)) return body;
  const answer = JSON.parse(body) as Answer;
  for (const { response } of answer.results ?? []) {
    const result = response?.result;
    if (result?.step_errors === undefined) continue;
    const first = result.step_errors.findIndex((error) => error !== null);
    result.step_errors = result.step_errors.map((error, at) => (at === first ? error : null));
  }
  return JSON.stringify(answer);
}
