import { type ErrorCode, HoldfastError } from '../core/index.js';
import type { ProblemView } from './contract.js';

/** What the API refused with: `code`, `status`, and the whole problem. */
export class ApiError extends HoldfastError {
  override readonly name = 'ApiError';
  readonly status: number;
  /** Undefined when the answer was no problem of ours: a proxy's, for example. */
  readonly problem: ProblemView | undefined;
  /** When to come again, as the answer says; undefined when it does not. */
  readonly retryAfterMs: number | undefined;

  constructor(answer: {
    readonly status: number;
    readonly problem: ProblemView | undefined;
    readonly retryAfterMs: number | undefined;
  }) {
    const { status, problem, retryAfterMs } = answer;
    super(codeOf(status, problem), problem?.detail ?? `the server answered ${status}`, {
      retryable: PASSING.has(status) || problem?.code === 'idempotency-in-flight',
      ...(problem?.issues === undefined ? {} : { details: { issues: problem.issues } }),
    });
    this.status = status;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Statuses that tell of the moment: the same call may succeed later. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

function codeOf(status: number, problem: ProblemView | undefined): ErrorCode {
  if (problem !== undefined) return problem.code;
  return status === 401 ? 'unauthorized' : 'response-not-ok';
}

/** The error of an answer that is not 2xx. */
export async function apiErrorOf(response: Response, now: number): Promise<ApiError> {
  const isProblem = response.headers.get('Content-Type')?.includes('json') ?? false;
  const body: unknown = isProblem ? await response.json().catch(() => undefined) : undefined;
  const problem = isProblemView(body) ? body : undefined;
  if (!isProblem) await response.body?.cancel();
  const retryAfterMs = parseRetryAfter(response.headers.get('Retry-After'), now);
  return new ApiError({ status: response.status, problem, retryAfterMs });
}

function isProblemView(body: unknown): body is ProblemView {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;
}

/** Seconds or an HTTP date. */
function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
