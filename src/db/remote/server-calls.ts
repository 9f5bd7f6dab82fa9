import { type Clock, HoldfastError, type Random } from '../../core/index.js';
import { classifyError, type Fault, isGivenUp, translateError } from '../classify-error.js';
import {
  abortedError,
  CircuitOpenError,
  CommitUnknownError,
  DatabaseBusyError,
} from '../errors.js';
import type { TelemetryRecorder } from '../telemetry.js';
import type { AuthTokens } from './auth-token.js';
import { boundedFetch, type Fetch, type RequestReport } from './request.js';
import type { ServerState } from './server-state.js';
import { Slots } from './slots.js';

/** One call to a server. */
export interface ServerCall {
  readonly label: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly kind: 'read' | 'write';
  /** The write may be sent again when its answer was lost. */
  readonly idempotent: boolean;
  /**
   * `whole`, the default: one transaction, of which nothing is kept when the server refuses it.
   * `beginning`: of one that goes on afterwards. `script`: of several, of which some may be kept.
   */
  readonly extent?: 'whole' | 'beginning' | 'script';
}

/** What an attempt is given: everything it needs to make its own client. */
export interface Attempt {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly authToken: string | undefined;
}

export interface ServerCallsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly fetch: Fetch;
  readonly tokens: AuthTokens;
  readonly server: ServerState;
  readonly recorder: TelemetryRecorder;
  readonly requestTimeoutMs: number;
  /** Leaves errors of the caller's SQL as `@libsql/client` throws them: what the drop-in promises. */
  readonly foreignSqlErrors?: boolean;
}

/** Waits between attempts: full jitter under a bound that doubles, in milliseconds. */
const WAIT_MS = 50;
const WAIT_MS_MAX = 5_000;
const WAIT_BUSY_MS_MAX = 250;

/** Requests under way at once (R11). */
const READS_MAX = 20;
const WRITES_MAX = 2;

/** Sends calls to a server: bounded, and again where that is safe. */
export class ServerCalls {
  readonly #options: ServerCallsOptions;
  readonly #slots = { read: new Slots(READS_MAX), write: new Slots(WRITES_MAX) };

  constructor(options: ServerCallsOptions) {
    this.#options = options;
  }

  /**
   * Runs `work` until it succeeds, may not be tried again, or the deadline passes.
   * @throws HoldfastError, or the client's own error of SQL where that was asked for
   */
  async run<T>(call: ServerCall, work: (attempt: Attempt) => Promise<T>): Promise<T> {
    const past: Past = { tokenRefreshed: false, mayBeDone: false };
    try {
      return await this.#insist(call, past, work);
    } catch (error) {
      if (!past.mayBeDone || error instanceof CommitUnknownError) throw error;
      // What refuses a later attempt tells nothing of what an earlier one has done. The verdict of SQL is the
      // caller's to read: a row that is in the way may be of this very call.
      const { code } = classifyError(error);
      if (code === 'sql-invalid' || code === 'constraint-violated') throw error;
      throw new CommitUnknownError(call.label, error);
    }
  }

  async #insist<T>(
    call: ServerCall,
    past: Past,
    work: (attempt: Attempt) => Promise<T>,
  ): Promise<T> {
    const { clock, server, recorder } = this.#options;
    const startedAt = clock.monotonic();
    server.budget.called();
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(call, startedAt, work);
      if ('result' in outcome) {
        this.#count(call, startedAt);
        return outcome.result;
      }
      const waitedMs = clock.monotonic() - startedAt;
      const { code } = outcome.fault;
      if (code === 'database-busy') recorder.busy(call.label, attempt, waitedMs);
      const waitMs = await this.#waitBeforeRetry(call, outcome, attempt, past);
      if (waitMs === undefined || waitedMs + waitMs >= call.deadlineMs) {
        this.#count(call, startedAt);
        recorder.of(call.label).failures += 1;
        throw this.#final(call, outcome, waitedMs);
      }
      recorder.retried(call.label, attempt, code);
      past.mayBeDone ||= isUnclear(call, outcome);
      await clock.sleep(waitMs, call.signal);
      if (call.signal?.aborted) throw abortedError(call.label, call.signal);
    }
  }

  /** One attempt in its slot. The slot is free while the call waits for the next one. */
  async #attempt<T>(
    call: ServerCall,
    startedAt: number,
    work: (attempt: Attempt) => Promise<T>,
  ): Promise<{ result: T } | Failure> {
    const leftMs = () => call.deadlineMs - (this.#options.clock.monotonic() - startedAt);
    const slots = this.#slots[call.kind];
    await slots.take(call.label, Math.max(0, leftMs()), call.signal);
    try {
      return await this.#send(call, leftMs(), work);
    } finally {
      slots.give();
    }
  }

  async #send<T>(
    call: ServerCall,
    leftMs: number,
    work: (attempt: Attempt) => Promise<T>,
  ): Promise<{ result: T } | Failure> {
    const { breaker } = this.#options.server;
    const stateBefore = breaker.state;
    if (call.signal?.aborted) throw abortedError(call.label, call.signal);
    const closedForMs = breaker.enter();
    if (closedForMs > 0) throw new CircuitOpenError(call.label, closedForMs, breaker.lastError);
    const isProbe = breaker.state === 'half-open';
    const report: RequestReport = { requests: 0, retryAfterMs: 0, rowsRead: 0, rowsWritten: 0 };
    let token: string | undefined;
    try {
      token = await this.#options.tokens.get();
      const fetch = this.#boundedFetch(call, leftMs, report);
      const result = await work({ fetch, authToken: token });
      breaker.succeeded();
      return { result };
    } catch (error) {
      const fault = classifyError(error);
      if (fault.code === 'cancelled') {
        if (isProbe) breaker.abandoned();
      } else if (fault.outage) breaker.failed(error, report.retryAfterMs, isProbe);
      else breaker.succeeded();
      return { error, fault, retryAfterMs: report.retryAfterMs, token };
    } finally {
      this.#countRows(call, report);
      const { state } = breaker;
      if (state !== stateBefore) this.#options.recorder.emit({ kind: 'circuit-changed', state });
    }
  }

  #boundedFetch(call: ServerCall, leftMs: number, report: RequestReport) {
    const { fetch, requestTimeoutMs, clock } = this.#options;
    return boundedFetch({
      fetch,
      timeoutMs: Math.min(requestTimeoutMs, Math.max(1, leftMs)),
      signal: call.signal,
      report,
      now: () => clock.now(),
    });
  }

  /** How long to wait before the next attempt; undefined when there must be none. */
  async #waitBeforeRetry(
    call: ServerCall,
    failure: Failure,
    attempt: number,
    past: Past,
  ): Promise<number | undefined> {
    const { tokens, server, random } = this.#options;
    const { fault, retryAfterMs } = failure;
    if (fault.code === 'database-auth') {
      if (past.tokenRefreshed || fault.status !== 401 || !tokens.refreshable) return undefined;
      past.tokenRefreshed = true;
      await tokens.refused(failure.token);
      return 0;
    }
    if (!fault.retryable) return undefined;
    if (isUnclear(call, failure) && !call.idempotent) return undefined;
    if (fault.code === 'transaction-expired') {
      // What was read of it before is over with it.
      if (call.extent === 'beginning' || !isGivenUp(failure.error)) return undefined;
    }
    if (isRefused(failure)) {
      // The server is well, and the deadline bounds these: they cost no budget.
      return random() * Math.min(WAIT_BUSY_MS_MAX, WAIT_MS * 2 ** Math.min(attempt - 1, 10));
    }
    if (!server.budget.spend()) return undefined;
    const jittered = random() * Math.min(WAIT_MS_MAX, WAIT_MS * 2 ** Math.min(attempt, 10));
    return retryAfterMs > 0 ? retryAfterMs + jittered : jittered;
  }

  #final(call: ServerCall, failure: Failure, waitedMs: number): unknown {
    const { error, fault } = failure;
    if (call.signal?.aborted && fault.effect === 'none')
      return abortedError(call.label, call.signal);
    if (isUnclear(call, failure)) return new CommitUnknownError(call.label, error);
    if (fault.code === 'database-busy') {
      const holder = { label: 'another client of the server', heldMs: waitedMs };
      this.#options.recorder.deadlinePassed(call.label, waitedMs, holder.label);
      return new DatabaseBusyError(call.label, waitedMs, holder, error);
    }
    if (this.#options.foreignSqlErrors && isCallersOwn(fault)) return error;
    const translated = translateError(error, call.label);
    if (failure.retryAfterMs === 0 || error instanceof HoldfastError) return translated;
    return new HoldfastError(translated.code, translated.message, {
      cause: error,
      retryable: translated.retryable,
      details: { ...translated.details, retryAfterMs: failure.retryAfterMs },
    });
  }

  #count(call: ServerCall, startedAt: number): void {
    const { recorder, clock } = this.#options;
    const tookMs = clock.monotonic() - startedAt;
    if (call.kind === 'read') recorder.read(call.label, tookMs);
    else recorder.wrote(call.label, tookMs);
  }

  #countRows(call: ServerCall, report: RequestReport): void {
    const { recorder } = this.#options;
    const counts = recorder.of(call.label);
    recorder.requests += report.requests;
    counts.rowsRead = (counts.rowsRead ?? 0) + report.rowsRead;
    counts.rowsWritten = (counts.rowsWritten ?? 0) + report.rowsWritten;
  }
}

/** The server is well and has answered: the cause is in the SQL, or in what it asked for. */
function isCallersOwn({ code, outage }: Fault): boolean {
  return !outage && code !== 'database-busy' && code !== 'database-auth' && code !== 'cancelled';
}

/** The server is well, and somebody else writes. */
function isRefused({ error, fault }: Failure): boolean {
  return fault.code === 'database-busy' || isGivenUp(error);
}

/** Whether something was written is not known. */
function isUnclear(call: ServerCall, failure: Failure): boolean {
  if (call.kind === 'read') return false;
  const { effect, retryable, outage } = failure.fault;
  // Whatever may pass and was answered can have come in the middle of a script.
  return effect === 'unknown' || (call.extent === 'script' && retryable && !outage);
}

/** What the attempts of a call have come to so far. */
interface Past {
  tokenRefreshed: boolean;
  /** Of one that failed it is not known whether it was carried out. */
  mayBeDone: boolean;
}

interface Failure {
  readonly error: unknown;
  readonly fault: Fault;
  readonly retryAfterMs: number;
  readonly token: string | undefined;
}
