import { z } from 'zod';
import { backoff, isStorable, json } from '../../core/index.js';
import { EVENT_KINDS } from '../events.js';
import { SEND_STATES } from '../origins-schema.js';
import { metadata } from '../promise.js';
import { queueSettings } from '../queues.js';
import { SKIP_REASONS } from '../schedules/plan.js';
import { issuesOfStored } from '../schedules/row.js';
import { OCCURRENCE_KINDS } from '../schedules/schema.js';
import {
  isSettled,
  PARENT_FAILURE_POLICIES,
  SETTLED,
  STATUSES,
  UNIQUE_SCOPES,
  WAITS_FOR,
} from '../states.js';

/** The version of the format. A file of a newer one is refused. */
export const EXPORT_VERSION = 3;

/** The years that ISO 8601 writes with four digits. */
const at = z.int().min(-62_167_219_200_000).max(253_402_300_799_999);
const flag = z.int().min(0).max(1);
const count = z.int().min(0);
const word = z.string().refine(isStorable, {
  error: 'must be well-formed Unicode without U+0000',
});
const JSON_RULE = 'must be a text of JSON';
/** JSON as it is stored: a text, so that it comes back to the letter. */
const textOf = (schema: z.ZodType) =>
  word.superRefine((text, context) => {
    const value = parsed(text);
    if (value === undefined) return context.addIssue({ code: 'custom', message: JSON_RULE });
    for (const { path, message } of schema.safeParse(value).error?.issues ?? []) {
      const place = path.length === 0 ? '' : `${path.join('.')} `;
      context.addIssue({ code: 'custom', message: `${JSON_RULE}, in which ${place}${message}` });
    }
  });
const jsonText = textOf(json);
const errorText = textOf(z.looseObject({ code: word, message: word, details: json.optional() }));
const progressText = textOf(
  z.strictObject({ percent: z.number().nullable(), message: word.nullable() }),
);
const maybe = <S extends z.ZodType>(schema: S) => schema.nullable();

const header = z.strictObject({
  kind: z.literal('holdfast-export'),
  version: z.int(),
  exportedAt: z.iso.datetime(),
});

const queueLine = z.strictObject({
  kind: z.literal('queue'),
  name: word,
  paused: flag,
  concurrency: maybe(z.int().min(1)),
  rate_limit: maybe(z.int().min(1)),
  rate_period_ms: maybe(z.int().min(1)),
  key_concurrency: maybe(z.int().min(1)),
  key_rate_limit: maybe(z.int().min(1)),
  key_rate_period_ms: maybe(z.int().min(1)),
  key_order: maybe(z.enum(['due', 'strict'])),
  lease_ms: maybe(count),
  retention: maybe(textOf(queueSettings.shape.retention)),
});

const pausedTypeLine = z.strictObject({ kind: z.literal('paused-type'), type: word });

const scheduleLine = z
  .strictObject({
    kind: z.literal('schedule'),
    name: word,
    id: word,
    revision: word,
    input: jsonText,
    promise: jsonText,
    anchor_at: at,
    next_slot_at: maybe(at),
    paused_at: maybe(at),
    created_at: at,
    updated_at: at,
  })
  .superRefine(({ name, input, promise }, context) => {
    for (const { path, rule } of issuesOfStored(name, parsed(input), parsed(promise))) {
      const field = /^(?:name|promise)\b/.exec(path)?.[0] ?? 'input';
      context.addIssue({ code: 'custom', path: [field], message: `${path}: ${rule}` });
    }
  });

const occurrenceLine = z
  .strictObject({
    kind: z.literal('occurrence'),
    schedule_id: word,
    occurrence: z.enum(OCCURRENCE_KINDS),
    slot_at: at,
    promise_id: maybe(word),
    reason: maybe(z.enum(SKIP_REASONS)),
    last_slot_at: at,
    slots: count,
    token: word,
    recorded_at: at,
  })
  .superRefine(({ occurrence, reason, promise_id: promiseId }, context) => {
    const isSkipped = occurrence === 'skipped';
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (isSkipped !== (reason !== null)) refuse('reason', 'goes with the occurrence "skipped"');
    if (isSkipped !== (promiseId === null)) refuse('promise_id', 'goes with all but "skipped"');
  });

const promiseLine = z
  .strictObject({
    kind: z.literal('promise'),
    id: z.uuid(),
    type: word,
    queue: word,
    status: z.enum(STATUSES),
    waits_for: maybe(z.enum(WAITS_FOR)),
    priority: z.int().min(1).max(10),
    run_at: at,
    key: maybe(word),
    unique_key: maybe(word),
    unique_scope: maybe(z.enum(UNIQUE_SCOPES)),
    unique_until: maybe(at),
    expires_at: maybe(at),
    lane: maybe(word),
    is_strict: flag,
    on_parent_failure: maybe(z.enum(PARENT_FAILURE_POLICIES)),
    payload: jsonText,
    result: maybe(jsonText),
    state: maybe(jsonText),
    metadata: maybe(textOf(metadata)),
    max_attempts: z.int().min(1),
    backoff: maybe(textOf(backoff)),
    timeout_ms: z.int().min(1),
    attempt: count,
    crashes: count,
    epoch: count,
    fence: count,
    outcome: maybe(word),
    outcome_fence: maybe(count),
    error: maybe(errorText),
    progress: maybe(progressText),
    created_at: at,
    started_at: maybe(at),
    settled_at: maybe(at),
    tags: z.array(word),
    /** [parent, how it was settled]. */
    parents: z.array(z.tuple([word, maybe(z.enum(SETTLED))])),
    /** [fence, attempt, failed at, error]; the newest 100. */
    failures: z.array(z.tuple([count, count, at, errorText])),
  })
  .superRefine(({ status, waits_for: waitsFor, settled_at: settledAt }, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if ((status === 'waiting') !== (waitsFor !== null)) {
      refuse('waits_for', 'goes with the status "waiting"');
    }
    if (isSettled(status) !== (settledAt !== null)) {
      refuse('settled_at', `goes with the statuses ${SETTLED.join(', ')}`);
    }
  });

/** Where to tell that a promise is settled; sealed where there was a key. */
const callbackLine = z.strictObject({
  kind: z.literal('callback'),
  promise_id: z.uuid(),
  url: word,
});

/** Who asked for a promise, and is told of its end; a URL in it sealed where there was a key. */
const originLine = z.strictObject({
  kind: z.literal('origin'),
  promise_id: z.uuid(),
  origin: textOf(z.looseObject({ channel: word })),
});

/** What a promise has begun to send, and how that ended. */
const sendLine = z.strictObject({
  kind: z.literal('send'),
  promise_id: z.uuid(),
  key: word,
  token: word,
  state: z.enum(SEND_STATES),
  receipt: maybe(word),
  begun_at: at,
});

/** Who is told of events. Secrets as they are stored: sealed where there was a key. */
const subscriptionLine = z.strictObject({
  kind: z.literal('subscription'),
  id: word,
  tenant: word,
  url: word,
  kinds: textOf(z.array(z.enum(EVENT_KINDS))),
  types: maybe(textOf(z.array(word))),
  queues: maybe(textOf(z.array(word))),
  secret: word,
  previous_secret: maybe(word),
  previous_until: maybe(at),
  paused: maybe(word),
  created_at: at,
});

/** How many lines of each kind a file has. */
export const EXPORTED_KINDS = [
  'queue',
  'paused-type',
  'schedule',
  'occurrence',
  'subscription',
  'promise',
  'callback',
  'origin',
  'send',
] as const;
export type ExportedKind = (typeof EXPORTED_KINDS)[number];

const endLine = z.strictObject({
  kind: z.literal('end'),
  /** Version 1 has neither callbacks nor subscriptions, version 2 neither origins nor sends. */
  lines: z.partialRecord(z.enum(EXPORTED_KINDS), z.int()),
  /** Of every line before it, each with its line feed. */
  digest: word,
});

/** Every line of an export, by its kind. */
export const exportLine = z.discriminatedUnion('kind', [
  header,
  queueLine,
  pausedTypeLine,
  scheduleLine,
  occurrenceLine,
  promiseLine,
  callbackLine,
  originLine,
  sendLine,
  subscriptionLine,
  endLine,
]);

export type ExportLine = z.output<typeof exportLine>;
export type PromiseLine = z.output<typeof promiseLine>;
/** A line that is kept somewhere: neither the first nor the last. */
export type RecordLine = Extract<ExportLine, { kind: ExportedKind }>;

/** SHA-256 of texts that come one after the other, as the platform has it. */
export interface Digest {
  update(text: string): void | Promise<void>;
  /** Of all so far, in hexadecimal; asked for once, at the end. */
  value(): string | Promise<string>;
}

/** Texts of lines, without their line feeds. */
export type Lines = AsyncIterable<string> | Iterable<string>;

export function noLines(): Record<ExportedKind, number> {
  return Object.fromEntries(EXPORTED_KINDS.map((kind) => [kind, 0])) as Record<
    ExportedKind,
    number
  >;
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
