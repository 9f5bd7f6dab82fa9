import { digestOf, hexOf, type Json } from '../core/index.js';
import { NOW, type SqlClock, type Statement } from '../db/index.js';
import type { Enqueue, PreparedEnqueue } from './enqueue.js';
import { LIMITS } from './limits.js';
import { tenantKey, tenantOf } from './scope.js';
import type { UNIQUE_SCOPES } from './states.js';

/** How long a promise's key stays taken, and what a second promise does to it. */
export interface UniqueRule {
  readonly scope: (typeof UNIQUE_SCOPES)[number];
  readonly periodMs: number | null;
  readonly onConflict: 'return' | 'replace' | 'reschedule';
  /** However often it is put off, it runs this long after it was made; null is no bound. */
  readonly maxWaitMs: number | null;
}

/** Debounce and throttle are rules about keys. */
export function uniqueRuleOf({ unique, debounce, throttle }: Enqueue): UniqueRule {
  if (debounce !== undefined) {
    const maxWaitMs = debounce.maxWait ?? null;
    return { scope: 'pending', periodMs: null, onConflict: 'replace', maxWaitMs };
  }
  const scope = throttle === undefined ? (unique?.scope ?? 'always') : 'period';
  const periodMs = throttle ?? unique?.period ?? null;
  return { scope, periodMs, onConflict: unique?.onConflict ?? 'return', maxWaitMs: null };
}

/**
 * What makes a promise one with others of its type and tenant: its key, or with
 * `unique.fields` a hash of those of its payload; null when it has neither.
 */
export async function uniqueKeyOf(input: Enqueue): Promise<string | null> {
  if (input.unique?.fields === undefined) return plainKeyOf(input);
  return tenantKey(tenantOf(input.queue ?? ''), await fieldsKeyOf(input));
}

/** The same of a promise without `unique.fields`, at once. */
export function plainKeyOf({ key, queue = '' }: Enqueue): string | null {
  return key === undefined ? null : tenantKey(tenantOf(queue), key);
}

async function fieldsKeyOf({ key, unique, payload }: Enqueue): Promise<string> {
  const fields = (unique?.fields ?? []).map((path) => [path, fieldOf(payload ?? null, path)]);
  const text = JSON.stringify([
    key ?? null,
    fields.map(([path, value]) => [path, sorted(value ?? null)]),
  ]);
  return `sha256:${hexOf(await digestOf(text))}`;
}

function fieldOf(payload: Json, path: string): Json {
  let value: Json | undefined = payload;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null) return null;
    value = (value as Readonly<Record<string, Json>>)[part];
  }
  return value ?? null;
}

/** With the keys of objects in order, so that equal values are equal texts. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

/** `?2` is [{id, type, key, …}, …]. A key whose period is over is free. */
const FREE_KEYS = `
UPDATE promises AS p SET unique_key = NULL
FROM json_each(?2) given
WHERE p.unique_key = given.value ->> 'key' AND p.type = given.value ->> 'type'
  AND p.unique_until <= ${NOW} AND p.id <> given.value ->> 'id'`;

/** What a second promise may still change: a first one that has not begun. */
const NOT_BEGUN = `
p.unique_key = given.value ->> 'key' AND p.type = given.value ->> 'type'
  AND p.id <> given.value ->> 'id' AND p.status = 'pending' AND p.attempt = 0`;

const RUN_AT = `
min(coalesce(given.value ->> 'runAt', ${NOW} + (given.value ->> 'delay')),
  coalesce(p.created_at + (given.value ->> 'maxWait'), 9007199254740991))`;

const RESCHEDULE = `
UPDATE promises AS p SET run_at = ${RUN_AT}
FROM json_each(?2) given WHERE ${NOT_BEGUN}`;

const DROP_BODIES = `
DELETE FROM bodies WHERE part = 'payload' AND promise_id IN (
  SELECT p.id FROM json_each(?2) given CROSS JOIN promises p ON ${NOT_BEGUN}
)`;

const STORE_BODIES = `
INSERT INTO bodies (promise_id, part, body)
SELECT p.id, 'payload', given.value ->> 'payload'
FROM json_each(?2) given CROSS JOIN promises p ON ${NOT_BEGUN}
WHERE length(given.value ->> 'payload') > ${LIMITS.inlineLengthMax}
ON CONFLICT DO UPDATE SET body = excluded.body`;

const REPLACE = `
UPDATE promises AS p SET run_at = ${RUN_AT},
  payload = iif(length(given.value ->> 'payload') <= ${LIMITS.inlineLengthMax},
    given.value ->> 'payload', NULL),
  payload_length = length(given.value ->> 'payload'), priority = given.value ->> 'priority',
  metadata = given.value ->> 'metadata', max_attempts = given.value ->> 'maxAttempts',
  timeout_ms = given.value ->> 'timeoutMs', backoff = given.value ->> 'backoff'
FROM json_each(?2) given WHERE ${NOT_BEGUN}`;

/** What keys ask for before their promises are inserted. */
export function uniqueStatements(group: readonly PreparedEnqueue[], clock: SqlClock): Statement[] {
  const keyed = group.filter((one) => one.uniqueKey !== null);
  if (keyed.length === 0) return [];
  const asking = (onConflict: UniqueRule['onConflict']) =>
    keyed.filter((one) => uniqueRuleOf(one.input).onConflict === onConflict).map(changeOf);
  const [replace, reschedule] = [asking('replace'), asking('reschedule')];
  const args = (items: readonly unknown[]) => [clock(), JSON.stringify(items)];
  return [
    { sql: FREE_KEYS, args: args(keyed.map(changeOf)) },
    ...(reschedule.length > 0 ? [{ sql: RESCHEDULE, args: args(reschedule) }] : []),
    ...(replace.length > 0
      ? [
          { sql: DROP_BODIES, args: args(replace) },
          { sql: STORE_BODIES, args: args(replace) },
          { sql: REPLACE, args: args(replace) },
        ]
      : []),
  ];
}

function changeOf({ input, uniqueKey, payload, columns }: PreparedEnqueue) {
  const { priority, runAt, delay, metadata, maxAttempts, backoff, timeoutMs } = columns;
  const maxWait = uniqueRuleOf(input).maxWaitMs;
  const change = { priority, runAt, delay, metadata, maxAttempts, backoff, timeoutMs, maxWait };
  return { id: input.id, type: input.type, key: uniqueKey, payload, ...change };
}
