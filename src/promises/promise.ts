import { z } from 'zod';
import { backoff, duration, type Json, json, text } from '../core/index.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/;
const NAME_RULE =
  'must start with a letter or digit and go on with letters, digits, "." "_" ":" "/" or "-"';

/** The name of a type or a queue. */
export const name = text(1, 200).regex(NAME, { error: NAME_RULE });

const INSTANT_RULE =
  'must be an ISO 8601 date and time with its offset, for example "2030-01-31T09:00:00Z"';

/** An instant as users write it; parsed to milliseconds since the epoch. */
export const instant = z.iso
  .datetime({ offset: true, error: INSTANT_RULE })
  .transform((value) => Date.parse(value));

/** The most that metadata may hold, as JSON, in UTF-16 units. */
const METADATA_LENGTH_MAX = 16_384;

export const PROMISE_DEFAULTS = {
  queue: 'default',
  priority: 5,
  maxAttempts: 3,
  timeoutMs: 300_000,
} as const;

/** A promise to be made, as `POST /v1/promises` and `enqueue` take it. */
export const newPromise = z
  .strictObject({
    /** The task that keeps it. */
    type: name,
    /** What the task is given: any JSON. Default null. */
    payload: json.optional(),
    /** Default `default`. */
    queue: name.optional(),
    /** 1 is first, 10 is last. Default 5. */
    priority: z.int().min(1).max(10).optional(),
    /** Wait before the first attempt. Not with `runAt`. */
    delay: duration.optional(),
    /** The first attempt is not before this instant. Not with `delay`. */
    runAt: instant.optional(),
    /** A second promise of the same type and key is not made: the first one is returned. */
    key: text(1, 512).optional(),
    /** Attempts in all, crashes not counted, 1 to 1,000. Default 3. */
    maxAttempts: z.int().min(1).max(1_000).optional(),
    /** The wait between attempts. Default exponential from 1 s. */
    backoff: backoff.optional(),
    /** The longest one attempt may take, at least 1 ms. Default 5 minutes. */
    timeout: duration.refine((ms) => ms >= 1, { error: 'must be at least 1 ms' }).optional(),
    /** Carried along, never looked at: at most 16 KiB of JSON. */
    metadata: z
      .record(text(1, 200), json)
      .refine((value) => JSON.stringify(value).length <= METADATA_LENGTH_MAX, {
        error: `must be at most ${METADATA_LENGTH_MAX} characters of JSON`,
      })
      .optional(),
  })
  .refine((value) => value.delay === undefined || value.runAt === undefined, {
    path: ['runAt'],
    message: 'cannot be given together with delay',
  });

/** What a caller writes. */
export type NewPromiseInput = z.input<typeof newPromise>;
/** The same, parsed: durations in milliseconds, instants in milliseconds since the epoch. */
export type NewPromise = z.output<typeof newPromise>;

/** Why an attempt did not keep its promise. */
export interface AttemptError {
  /** Stable, for example `response-not-ok`, `attempt-timeout`, `lease-expired`. */
  readonly code: string;
  readonly message: string;
  readonly details?: Json;
}

/** One attempt that failed or crashed. */
export interface Failure {
  readonly attempt: number;
  readonly fence: number;
  readonly at: number;
  readonly error: AttemptError;
}

interface PromiseBase {
  /** UUIDv7, made by whoever made the promise. */
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly priority: number;
  readonly payload: Json;
  readonly key: string | null;
  readonly metadata: Readonly<Record<string, Json>> | null;
  /** Attempts begun, the running one included; crashes and snoozes give theirs back. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly backoff: z.output<typeof backoff> | null;
  readonly timeoutMs: number;
  /** Raised by every claim, recovery, cancel and retry: a write with an older one changes nothing. */
  readonly fence: number;
  /** Runs of this promise from the start: raised by `retry`. */
  readonly epoch: number;
  /** Times that a worker died with it, in this epoch. */
  readonly crashes: number;
  readonly createdAt: number;
  /** Due from this instant on. */
  readonly runAt: number;
  /** When the latest attempt began. */
  readonly startedAt: number | null;
  /** The error of the latest failed attempt. */
  readonly error: AttemptError | null;
}

/** A promise as it is stored. Instants are milliseconds since the epoch, by the database's clock. */
export type PromiseRecord = PromiseBase &
  (
    | { readonly status: 'waiting' | 'pending' }
    | { readonly status: 'in_progress'; readonly worker: string; readonly leaseExpiresAt: number }
    | { readonly status: 'completed'; readonly settledAt: number; readonly result: Json }
    | { readonly status: 'failed' | 'cancelled'; readonly settledAt: number }
  );
