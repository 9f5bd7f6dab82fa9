/**
 * Every code an error of Holdfast can carry. Codes are stable: clients and
 * dashboards match on them. `docs/error-codes.md` has a paragraph for each; a
 * test keeps the two equal.
 */
export const ERROR_CODES = [
  // databases
  'database-auth',
  'database-busy',
  'database-closed',
  'database-corrupt',
  'database-full',
  'database-rate-limited',
  'database-read-only',
  'database-timeout',
  'database-unavailable',
  'commit-unknown',
  'constraint-violated',
  'response-too-large',
  'sql-invalid',
  'transaction-conflict',
  'transaction-expired',
  'would-deadlock',
  // promises and tasks
  'address-refused',
  'attempt-timeout',
  'backup-broken',
  'cancelled',
  'export-incomplete',
  'input-invalid',
  'lease-expired',
  'lease-lost',
  'not-found',
  'outcome-unknown',
  'payload-sealed',
  'payload-too-large',
  'process-failed',
  'process-limit',
  'promise-settled',
  'promise-not-settled',
  'promise-running',
  'quarantined',
  'response-not-ok',
  'run-failed',
  'schedule-exists',
  'task-unknown',
  'target-unreachable',
  'tests-failed',
  // service
  'body-too-large',
  'data-directory-unusable',
  'forbidden',
  'idempotency-in-flight',
  'idempotency-mismatch',
  'internal',
  'json-malformed',
  'media-type-unsupported',
  'method-not-allowed',
  'port-in-use',
  'rate-limited',
  'route-not-found',
  'service-not-open',
  'setting-invalid',
  'streams-full',
  'too-many-streams',
  'unauthorized',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface HoldfastErrorOptions {
  /** What was caught and led here. */
  readonly cause?: unknown;
  /** True when the same call may succeed later, unchanged. Default false. */
  readonly retryable?: boolean;
  /** Figures and names that go with the message; JSON values only. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The base of every error that Holdfast throws on purpose. */
export class HoldfastError extends Error {
  override readonly name: string = 'HoldfastError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: HoldfastErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** True for what became of a call because the database as a whole was not well: nobody's input is to blame. */
export function isWeather(error: unknown): error is HoldfastError {
  if (!(error instanceof HoldfastError)) return false;
  const { code } = error;
  return (
    code.startsWith('database-') || code === 'commit-unknown' || code === 'transaction-expired'
  );
}

/** What one field of an input broke. `path` is dotted (`promises.3.delay`), empty for the whole. */
export interface InputIssue {
  readonly path: string;
  readonly rule: string;
  /** The value received, as JSON cut to 100 characters. */
  readonly received: string;
}

/** Input that breaks a rule; the message names the first field, its rule and the value received. */
export class InputInvalidError extends HoldfastError {
  override readonly name = 'InputInvalidError';

  constructor(readonly issues: readonly InputIssue[]) {
    const [first] = issues;
    super(
      'input-invalid',
      first === undefined
        ? 'the input is not valid'
        : `${first.path || 'the input'}: ${first.rule} (received ${first.received})`,
      { details: { issues } },
    );
  }
}

/** The message of anything that was thrown, an `Error` or not. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
