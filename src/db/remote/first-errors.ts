const GIVEN_UP = 'TRANSACTION_TIMEOUT';

interface StepError {
  readonly code?: string;
}

interface StepsResult {
  step_errors?: readonly (StepError | null)[];
}

interface Answer {
  readonly results?: readonly { readonly response?: { readonly result?: StepsResult } }[];
}

/**
 * The answer to a pipeline, where a batch whose transaction was given up (R2) fails once. libsql-server
 * tells it of every step from the next one on, none of which was carried out, and `@libsql/client` 0.18
 * handles the first alone: of the others the whole process would end, as of unhandled rejections.
 */
export function firstErrors(body: string): string {
  if (!body.includes(`"${GIVEN_UP}"`)) return body;
  const answer = parsed(body);
  if (answer === undefined) return body;
  for (const { response } of answer.results ?? []) {
    const result = response?.result;
    if (result?.step_errors === undefined) continue;
    const first = result.step_errors.findIndex((error) => error !== null);
    result.step_errors = result.step_errors.map((error, at) =>
      at > first && error?.code === GIVEN_UP ? null : error,
    );
  }
  return JSON.stringify(answer);
}

/** Undefined when it was cut short, which the client tells. */
function parsed(body: string): Answer | undefined {
  try {
    return JSON.parse(body) as Answer;
  } catch {
    return undefined;
  }
}
