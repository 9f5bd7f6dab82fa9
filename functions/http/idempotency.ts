import { HoldfastError, InputInvalidError, isWeather, newId } from '../../src/core/index.js';
import { type Answers, type FoundTicket, type Ticket, tokenOf } from '../../src/promises/index.js';
import { inTime } from './deadline.js';
import type { Answer, Call, Operation } from './operation.js';

export const IDEMPOTENCY_KEY = 'Idempotency-Key';
const REPLAYED = { 'Idempotency-Replayed': 'true' } as const;

/** A Structured Fields string, as the draft has it; or the characters as they are. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"$/;
const BARE = /^[\x21\x23-\x7e]{1,255}$/;
const RULE =
  'must be 1 to 255 printable ASCII characters, as they are or in quotes as a Structured Field';

/** Looks at a key that others take at the same moment. */
const TRIES_MAX = 5;

type AnyCall = Call<unknown, unknown, unknown>;

interface Once {
  readonly operation: Operation;
  readonly call: AnyCall;
  /** What was asked, before it was parsed. */
  readonly request: string;
  readonly lifetimeMs: number;
}

/**
 * Carries a call out once: with an `Idempotency-Key` that came before, it is answered as
 * it was then.
 * @throws HoldfastError `idempotency-in-flight`, `idempotency-mismatch`, `input-invalid`
 */
export async function once(asked: Once): Promise<Answer> {
  const { call } = asked;
  const ticket: Ticket = {
    holder: call.principal.id,
    key: keyOf(call.headers.get(IDEMPOTENCY_KEY) ?? ''),
    fingerprint: await fingerprintOf(asked.request),
    token: tokenOf(newId()),
    lifetimeMs: asked.lifetimeMs,
  };
  const { answers } = call.services;
  if (!answers.open(ticket)) throw inFlight();
  try {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const answer = await attempt(asked, answers, ticket);
      if (answer !== undefined) return answer;
    }
    throw inFlight();
  } finally {
    answers.close(ticket);
  }
}

/** Undefined when another process was faster: look again. */
async function attempt(
  { operation, call }: Once,
  answers: Answers,
  ticket: Ticket,
): Promise<Answer | undefined> {
  const found = await answers.find(ticket);
  if (found === undefined) return first(operation, call, answers, ticket);
  if (found.fingerprint !== ticket.fingerprint) {
    throw new HoldfastError(
      'idempotency-mismatch',
      `this ${IDEMPOTENCY_KEY} came before with another request`,
    );
  }
  const known = knownAnswer(operation, call, found);
  // A write whose answer was lost was this very call's: no replay.
  const isOwn = found.token === ticket.token;
  if (known !== undefined) {
    return isOwn ? known : { ...known, headers: { ...known.headers, ...REPLAYED } };
  }
  if (found.isHeld && !isOwn) throw inFlight();
  const again = { ...ticket, token: found.token, isKept: true };
  if (!isOwn && !(await answers.takeOver(again))) return undefined;
  return kept(operation, { ...call, ticket: again }, answers, again);
}

async function first(
  operation: Operation,
  call: AnyCall,
  answers: Answers,
  ticket: Ticket,
): Promise<Answer | undefined> {
  try {
    if (operation.idempotency === 'enqueue') {
      const answer = await inTime(operation, { ...call, ticket });
      // What it made was noted by the write that made it; what it found is not.
      if (answer.status !== 201) await answers.keep(ticket, storedOf(answer));
      return answer;
    }
    await answers.reserve(ticket);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'constraint-violated') return undefined;
    throw error;
  }
  return kept(operation, { ...call, ticket: { ...ticket, isKept: true } }, answers, ticket);
}

/** Carries out a call whose row is there, and keeps its answer. */
async function kept(
  operation: Operation,
  call: AnyCall,
  answers: Answers,
  ticket: Ticket,
): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await inTime(operation, call);
  } catch (error) {
    const isRefused = error instanceof HoldfastError && !error.retryable;
    // What was refused can be asked again otherwise; what was broken off is carried on.
    const end = isRefused && !isWeather(error) ? answers.drop(ticket) : answers.release(ticket);
    await end.catch(() => {});
    throw error;
  }
  await answers.keep(ticket, storedOf(answer));
  return answer;
}

function knownAnswer(
  operation: Operation,
  call: AnyCall,
  { answer, made }: FoundTicket,
): Answer | undefined {
  if (answer !== undefined) {
    const { status, headers, body } = answer;
    return { status, headers, body: JSON.parse(body) };
  }
  return made === undefined ? undefined : operation.replay?.(call, made);
}

function storedOf({ status = 200, headers = {}, body, keptBody = body }: Answer) {
  return { status, headers, body: JSON.stringify(keptBody) };
}

function keyOf(given: string): string {
  const quoted = QUOTED.exec(given)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(["\\])/g, '$1');
  if (BARE.test(given)) return given;
  throw new InputInvalidError([
    { path: IDEMPOTENCY_KEY, rule: RULE, received: JSON.stringify(given.slice(0, 100)) },
  ]);
}

async function fingerprintOf(request: string): Promise<string> {
  const bytes = new TextEncoder().encode(request);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return btoa(String.fromCharCode(...digest));
}

function inFlight(): HoldfastError {
  return new HoldfastError(
    'idempotency-in-flight',
    `a request with this ${IDEMPOTENCY_KEY} is being carried out`,
    { retryable: true },
  );
}
