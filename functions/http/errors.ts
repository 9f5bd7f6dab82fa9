import {
  type ErrorCode,
  HoldfastError,
  InputInvalidError,
  type Log,
} from '../../src/core/index.js';

/** The one place that knows which HTTP status an error has. */
const STATUS = {
  'address-refused': 422,
  'attempt-timeout': 504,
  'backup-broken': 422,
  'body-too-large': 413,
  cancelled: 409,
  'commit-unknown': 503,
  'constraint-violated': 500,
  'data-directory-unusable': 500,
  'database-auth': 503,
  'database-busy': 503,
  'database-closed': 503,
  'database-corrupt': 500,
  'database-full': 503,
  'database-rate-limited': 503,
  'database-read-only': 503,
  'database-timeout': 503,
  'database-unavailable': 503,
  'export-incomplete': 422,
  forbidden: 403,
  'idempotency-in-flight': 409,
  'idempotency-mismatch': 422,
  'input-invalid': 422,
  internal: 500,
  'json-malformed': 400,
  'lease-expired': 409,
  'lease-lost': 409,
  'media-type-unsupported': 415,
  'method-not-allowed': 405,
  'not-found': 404,
  'outcome-unknown': 502,
  'payload-sealed': 500,
  'payload-too-large': 422,
  'port-in-use': 500,
  'process-failed': 500,
  'process-limit': 500,
  'promise-not-settled': 409,
  'promise-running': 409,
  'promise-settled': 409,
  quarantined: 409,
  'rate-limited': 429,
  'response-not-ok': 502,
  'response-too-large': 502,
  'route-not-found': 404,
  'run-failed': 500,
  'schedule-exists': 409,
  'service-not-open': 500,
  'setting-invalid': 503,
  'sql-invalid': 500,
  'streams-full': 503,
  'target-unreachable': 502,
  'task-unknown': 404,
  'tests-failed': 500,
  'too-many-streams': 429,
  'transaction-conflict': 503,
  'transaction-expired': 503,
  unauthorized: 401,
  'would-deadlock': 500,
} as const satisfies Record<ErrorCode, number>;

/** Seconds after which a refused caller may ask again, when the error does not say so itself. */
const RETRY_AFTER_SECONDS = 1;

/** An error as RFC 9457 has it, with the stable `code` and, for invalid input, the `issues`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly issues?: InputInvalidError['issues'];
}

export function statusOf(code: ErrorCode): number {
  return STATUS[code];
}

/** The problem of anything that was thrown. What is not ours to show says only that it is internal. */
export function problemOf(error: unknown): Problem {
  const known = error instanceof HoldfastError;
  const code = known ? error.code : 'internal';
  const problem: Problem = {
    type: `urn:holdfast:problem:${code}`,
    title: titleOf(code),
    status: STATUS[code],
    code,
    detail: known ? detailOf(error) : 'something went wrong here; the log has it',
  };
  return error instanceof InputInvalidError ? { ...problem, issues: error.issues } : problem;
}

/** The answer to anything that was thrown. Faults of the service are logged. */
export function problemAnswer(error: unknown, log: Log) {
  const problem = problemOf(error);
  if (problem.status >= 500) log.error('request-failed', { problem: problem.code, error });
  const details = error instanceof HoldfastError ? error.details : {};
  const headers: Record<string, string> = { 'Content-Type': 'application/problem+json' };
  const isLater = problem.status === 503 || problem.status === 429;
  if ((isLater && problem.code !== 'setting-invalid') || problem.code === 'idempotency-in-flight') {
    headers['Retry-After'] = String(retryAfterSeconds(details));
  }
  if (problem.status === 401) headers['WWW-Authenticate'] = 'Bearer realm="holdfast"';
  if (typeof details.allow === 'string') headers.Allow = details.allow;
  if (details.connection === 'close') headers.Connection = 'close';
  Object.assign(headers, details.headers);
  return { status: problem.status, headers, body: JSON.stringify(problem) };
}

/** Whoever asks may learn which setting is wrong, not what it holds. */
function detailOf({ code, message, details }: HoldfastError): string {
  if (code !== 'setting-invalid' || !Array.isArray(details.issues)) return message;
  return details.issues.map(({ name, rule }) => `${name}: ${rule}`).join('\n');
}

function retryAfterSeconds({ retryAfterMs: ms }: HoldfastError['details']): number {
  return typeof ms === 'number' ? Math.max(1, Math.ceil(ms / 1_000)) : RETRY_AFTER_SECONDS;
}

/** `lease-lost` as `Lease lost`. */
function titleOf(code: ErrorCode): string {
  const words = code.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
