import { z } from 'zod';
import { backoff, duration, type Json, json, text } from '../core/index.js';
import { origin } from './origin.js';
import { PARENT_FAILURE_POLICIES, UNIQUE_SCOPES, type WaitsFor } from './states.js';

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

export const metadata = z
  .record(text(1, 200), json)
  .refine((value) => JSON.stringify(value).length <= METADATA_LENGTH_MAX, {
    error: `must be at most ${METADATA_LENGTH_MAX} characters of JSON`,
  });

/** When two promises are one. */
const unique = z
  .strictObject({
    /** Until the promise is gone, claimed, settled, or `period` is over. Default `always`. */
    scope: z.enum(UNIQUE_SCOPES).optional(),
    /** With scope `period`: from when the promise is made. */
    period: duration.refine((ms) => ms >= 1, { error: 'must be at least 1 ms' }).optional(),
    /** Payload fields that make up the key, dotted (`order.id`); together with `key` when both are given. */
    fields: z.array(text(1, 200)).min(1).max(20).optional(),
    /**
     * What a second promise does to the first while that has not begun: nothing, give it
     * its payload and settings, or its time only. Default `return`.
     */
    onConflict: z.enum(['return', 'replace', 'reschedule']).optional(),
  })
  .refine((value) => (value.scope === 'period') === (value.period !== undefined), {
    path: ['period'],
    message: 'goes with scope "period", and it needs one',
  });

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
    /** How long the key stays taken, what it is made of, and what a second promise does. */
    unique: unique.optional(),
    /** With a key: calls in quick succession become one run, `wait` after the last of them. */
    debounce: z
      .strictObject({
        wait: duration,
        /** However often it is called, it runs this long after the first call. */
        maxWait: duration.optional(),
      })
      .optional(),
    /** With a key: at most one promise a period; the others get the one that was made. */
    throttle: duration.refine((ms) => ms >= 1, { error: 'must be at least 1 ms' }).optional(),
    /** What has not begun by this instant is cancelled, with the code `expired`. */
    expiresAt: instant.optional(),
    /** Promises of one queue and this key run one at a time, or as the queue's settings say. */
    concurrencyKey: text(1, 512).optional(),
    /** Ids of promises that must be kept first, at most 1,000. In a batch also `ref:NAME`. */
    dependsOn: z.array(text(1, 210)).min(1).max(1_000).optional(),
    /** When one of them fails or is cancelled: fail too, be cancelled, or run anyway. Default `fail`. */
    onParentFailure: z.enum(PARENT_FAILURE_POLICIES).optional(),
    /** Words to find it by, at most 20. */
    tags: z.array(text(1, 100)).max(20).optional(),
    /** Attempts in all, crashes not counted, 1 to 1,000. Default 3. */
    maxAttempts: z.int().min(1).max(1_000).optional(),
    /** The wait between attempts. Default exponential from 1 s. */
    backoff: backoff.optional(),
    /** The longest one attempt may take, at least 1 ms. Default 5 minutes. */
    timeout: duration.refine((ms) => ms >= 1, { error: 'must be at least 1 ms' }).optional(),
    /** Called when the promise is settled, http or https. Not shown again: it may hold a secret. */
    callbackUrl: text(1, 2_048).optional(),
    /** Who is told of its result, in words. Not shown again. */
    origin: origin.optional(),
    /** Carried along, never looked at: at most 16 KiB of JSON. */
    metadata: metadata.optional(),
  })
  .refine((value) => value.delay === undefined || value.runAt === undefined, {
    path: ['runAt'],
    message: 'cannot be given together with delay',
  })
  .superRefine((value, context) => {
    // Most say none of it: a batch has a thousand.
    if (isPlain(value)) return;
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    const { key, unique: rule, debounce, throttle, delay, runAt } = value;
    const hasKey = key !== undefined || rule?.fields !== undefined;
    for (const field of ['unique', 'debounce', 'throttle'] as const) {
      if (value[field] !== undefined && !hasKey) refuse(field, 'needs a key, or unique.fields');
    }
    const given = [debounce, throttle, rule?.scope].filter((part) => part !== undefined);
    if (given.length > 1) refuse('unique', 'goes with one of unique.scope, debounce and throttle');
    if (debounce !== undefined && (delay ?? runAt) !== undefined) {
      refuse('debounce', 'sets the time itself: give no delay or runAt');
    }
    if (value.onParentFailure !== undefined && value.dependsOn === undefined) {
      refuse('onParentFailure', 'goes with dependsOn');
    }
  });

function isPlain({ unique: rule, debounce, throttle, onParentFailure }: RelatedFields): boolean {
  return (rule ?? debounce ?? throttle ?? onParentFailure) === undefined;
}

interface RelatedFields {
  readonly unique?: unknown;
  readonly debounce?: unknown;
  readonly throttle?: unknown;
  readonly onParentFailure?: unknown;
}

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

/** How far a running promise says it is. */
export interface Progress {
  /** 0 to 100. */
  readonly percent: number | null;
  readonly message: string | null;
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
  /** Must begin before; null when it need not. */
  readonly expiresAt: number | null;
  /** What it shares a lane with. */
  readonly concurrencyKey: string | null;
  readonly progress: Progress | null;
}

/** A promise as it is stored. Instants are milliseconds since the epoch, by the database's clock. */
export type PromiseRecord = PromiseBase &
  (
    | { readonly status: 'waiting'; readonly waitsFor: WaitsFor }
    | { readonly status: 'pending' }
    | {
        readonly status: 'in_progress';
        readonly worker: string;
        /** Of the handler that began the attempt; null when it has none. */
        readonly handlerVersion: string | null;
        readonly leaseExpiresAt: number;
      }
    | { readonly status: 'completed'; readonly settledAt: number; readonly result: Json }
    | { readonly status: 'failed' | 'cancelled'; readonly settledAt: number }
  );
