import { z } from 'zod';
import { SKIP_REASONS } from '../schedules/plan.js';
import { OCCURRENCE_KINDS } from '../schedules/schema.js';
import { PARENT_FAILURE_POLICIES, SETTLED, STATUSES, UNIQUE_SCOPES, WAITS_FOR } from '../states.js';

/** The version of the format. A file of a newer one is refused. */
export const EXPORT_VERSION = 2;

const at = z.int();
/** JSON as it is stored: a text, so that it comes back to the letter. */
const jsonText = z.string().refine(isJson, { error: 'must be a text of JSON' });
const maybe = <S extends z.ZodType>(schema: S) => schema.nullable();

const header = z.strictObject({
  kind: z.literal('holdfast-export'),
  version: z.int(),
  exportedAt: z.iso.datetime(),
});

const queueLine = z.strictObject({
  kind: z.literal('queue'),
  name: z.string(),
  paused: z.int(),
  concurrency: maybe(z.int()),
  rate_limit: maybe(z.int()),
  rate_period_ms: maybe(z.int()),
  key_concurrency: maybe(z.int()),
  key_rate_limit: maybe(z.int()),
  key_rate_period_ms: maybe(z.int()),
  key_order: maybe(z.string()),
  lease_ms: maybe(z.int()),
  retention: maybe(jsonText),
});

const pausedTypeLine = z.strictObject({ kind: z.literal('paused-type'), type: z.string() });

const scheduleLine = z.strictObject({
  kind: z.literal('schedule'),
  name: z.string(),
  id: z.string(),
  revision: z.string(),
  input: jsonText,
  promise: jsonText,
  anchor_at: at,
  next_slot_at: maybe(at),
  paused_at: maybe(at),
  created_at: at,
  updated_at: at,
});

const occurrenceLine = z.strictObject({
  kind: z.literal('occurrence'),
  schedule_id: z.string(),
  occurrence: z.enum(OCCURRENCE_KINDS),
  slot_at: at,
  promise_id: maybe(z.string()),
  reason: maybe(z.enum(SKIP_REASONS)),
  last_slot_at: at,
  slots: z.int(),
  token: z.string(),
  recorded_at: at,
});

const promiseLine = z.strictObject({
  kind: z.literal('promise'),
  id: z.uuid(),
  type: z.string(),
  queue: z.string(),
  status: z.enum(STATUSES),
  waits_for: maybe(z.enum(WAITS_FOR)),
  priority: z.int().min(1).max(10),
  run_at: at,
  key: maybe(z.string()),
  unique_key: maybe(z.string()),
  unique_scope: maybe(z.enum(UNIQUE_SCOPES)),
  unique_until: maybe(at),
  expires_at: maybe(at),
  lane: maybe(z.string()),
  is_strict: z.int(),
  on_parent_failure: maybe(z.enum(PARENT_FAILURE_POLICIES)),
  payload: jsonText,
  result: maybe(jsonText),
  state: maybe(jsonText),
  metadata: maybe(jsonText),
  max_attempts: z.int().min(1),
  backoff: maybe(jsonText),
  timeout_ms: z.int().min(1),
  attempt: z.int().min(0),
  crashes: z.int(),
  epoch: z.int(),
  fence: z.int(),
  outcome: maybe(z.string()),
  outcome_fence: maybe(z.int()),
  error: maybe(jsonText),
  progress: maybe(jsonText),
  created_at: at,
  started_at: maybe(at),
  settled_at: maybe(at),
  tags: z.array(z.string()),
  /** [parent, how it was settled]. */
  parents: z.array(z.tuple([z.string(), maybe(z.enum(SETTLED))])),
  /** [fence, attempt, failed at, error]; the newest 100. */
  failures: z.array(z.tuple([z.int(), z.int(), at, jsonText])),
});

/** Where to tell that a promise is settled; sealed where there was a key. */
const callbackLine = z.strictObject({
  kind: z.literal('callback'),
  promise_id: z.uuid(),
  url: z.string(),
});

/** Who is told of events. Secrets as they are stored: sealed where there was a key. */
const subscriptionLine = z.strictObject({
  kind: z.literal('subscription'),
  id: z.string(),
  tenant: z.string(),
  url: z.string(),
  kinds: jsonText,
  types: maybe(jsonText),
  queues: maybe(jsonText),
  secret: z.string(),
  previous_secret: maybe(z.string()),
  previous_until: maybe(at),
  paused: maybe(z.string()),
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
] as const;
export type ExportedKind = (typeof EXPORTED_KINDS)[number];

const endLine = z.strictObject({
  kind: z.literal('end'),
  /** Version 1 has neither callbacks nor subscriptions. */
  lines: z.partialRecord(z.enum(EXPORTED_KINDS), z.int()),
  /** Of every line before it, each with its line feed. */
  digest: z.string(),
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
  subscriptionLine,
  endLine,
]);

export type ExportLine = z.output<typeof exportLine>;
export type PromiseLine = z.output<typeof promiseLine>;
/** A line that is kept somewhere: neither the first nor the last. */
export type RecordLine = Extract<ExportLine, { kind: ExportedKind }>;

/** Sums up what it is given; SHA-256 where the platform has it in pieces. */
export interface Digest {
  update(text: string): void;
  /** In hexadecimal. */
  value(): string;
}

export function noLines(): Record<ExportedKind, number> {
  return Object.fromEntries(EXPORTED_KINDS.map((kind) => [kind, 0])) as Record<
    ExportedKind,
    number
  >;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
