import { HoldfastError, type Json } from '../core/index.js';
import { NOW, type Row, type SqlClock, type Statement } from '../db/index.js';
import { countEnqueued } from './lanes.js';
import { LIMITS } from './limits.js';
import type { Operation } from './operation.js';
import { type NewPromise, PROMISE_DEFAULTS, type PromiseRecord } from './promise.js';
import { numberOf, promiseOf, SELECT_PROMISES, textOf } from './row.js';

/** A promise to be made, with the id its maker gave it (UUIDv7). */
export type Enqueue = NewPromise & { readonly id: string };

export interface Enqueued {
  readonly promise: PromiseRecord;
  /** True when the key was known: `promise` is the one made before. */
  readonly deduplicated: boolean;
}

/** An enqueue with its texts made once. */
export interface PreparedEnqueue {
  readonly input: Enqueue;
  readonly queue: string;
  readonly payload: string;
  /** The length of everything that travels. */
  readonly length: number;
  readonly item: Readonly<Record<string, Json>>;
}

/** `?2` is a JSON array of items of one lane. Texts of the user stay strings inside it (F13). */
const INSERT = `
INSERT INTO promises (id, type, queue, status, priority, run_at, key, payload, payload_length,
  metadata, max_attempts, backoff, timeout_ms, created_at)
SELECT value ->> 'id', value ->> 'type', value ->> 'queue', 'pending', value ->> 'priority',
  coalesce(value ->> 'runAt', ${NOW} + (value ->> 'delay')), value ->> 'key', value ->> 'payload',
  value ->> 'payloadLength', value ->> 'metadata', value ->> 'maxAttempts', value ->> 'backoff',
  value ->> 'timeoutMs', ${NOW}
FROM json_each(?2) WHERE true
ON CONFLICT DO NOTHING
RETURNING id, run_at, created_at`;

/** `?1` is a JSON array of [id, body]. A promise that was not made leaves no body behind. */
const INSERT_BODIES = `
INSERT INTO bodies (promise_id, part, body)
SELECT value ->> 0, 'payload', value ->> 1 FROM json_each(?1)
WHERE EXISTS (SELECT 1 FROM promises WHERE id = value ->> 0)
ON CONFLICT DO NOTHING`;

const SELECT_MADE = `
${SELECT_PROMISES} WHERE p.id IN (SELECT value ->> 'id' FROM json_each(?1))
UNION ALL
${SELECT_PROMISES} JOIN (
  SELECT value ->> 'key' AS key, value ->> 'type' AS type, value ->> 'id' AS id FROM json_each(?1)
) asked ON p.key = asked.key AND p.type = asked.type AND p.id <> asked.id`;

/**
 * Makes an enqueue's texts.
 * @throws HoldfastError `payload-too-large`
 */
export function prepareEnqueue(input: Enqueue): PreparedEnqueue {
  const payload = JSON.stringify(input.payload ?? null);
  if (payload.length > LIMITS.bodyLengthMax) {
    throw new HoldfastError(
      'payload-too-large',
      `payload: must be at most ${LIMITS.bodyLengthMax} characters of JSON (received ${payload.length})`,
      { details: { length: payload.length, lengthMax: LIMITS.bodyLengthMax } },
    );
  }
  const queue = input.queue ?? PROMISE_DEFAULTS.queue;
  const metadata = input.metadata === undefined ? null : JSON.stringify(input.metadata);
  const item = {
    id: input.id,
    type: input.type,
    queue,
    priority: input.priority ?? PROMISE_DEFAULTS.priority,
    runAt: input.runAt ?? null,
    delay: input.delay ?? 0,
    key: input.key ?? null,
    payload: payload.length <= LIMITS.inlineLengthMax ? payload : null,
    payloadLength: payload.length,
    metadata,
    maxAttempts: input.maxAttempts ?? PROMISE_DEFAULTS.maxAttempts,
    backoff: input.backoff === undefined ? null : JSON.stringify(input.backoff),
    timeoutMs: input.timeout ?? PROMISE_DEFAULTS.timeoutMs,
  };
  return { input, queue, payload, item, length: payload.length + (metadata?.length ?? 0) + 400 };
}

/** Inserts a set. Answers with what it made; what is missing was known before (see `selectMade`). */
export function enqueueOperation(
  set: readonly PreparedEnqueue[],
  clock: SqlClock,
): Operation<Map<string, PromiseRecord>> {
  const statements: Statement[] = byLane(set).flatMap(({ queue, type, items }) => [
    { sql: INSERT, args: [clock(), JSON.stringify(items)] },
    countEnqueued(queue, type),
  ]);
  const bodies = set.filter((one) => one.item.payload === null);
  if (bodies.length > 0) {
    const pairs = bodies.map((one) => [one.input.id, one.payload]);
    statements.push({ sql: INSERT_BODIES, args: [JSON.stringify(pairs)] });
  }
  const byId = new Map(set.map((one) => [one.input.id, one]));
  return {
    statements,
    read: (results) => {
      const made = new Map<string, PromiseRecord>();
      for (const row of results.flatMap((result) => result.rows)) {
        const one = byId.get(textOf(row, 'id'));
        if (one !== undefined) made.set(one.input.id, freshPromise(one, row));
      }
      return made;
    },
  };
}

/** Reads the promises that a set asked for, by id or by key. */
export function selectMade(set: readonly PreparedEnqueue[]): Operation<PromiseRecord[]> {
  const asked = set.map((one) => ({
    id: one.input.id,
    key: one.input.key ?? null,
    type: one.input.type,
  }));
  return {
    statements: [{ sql: SELECT_MADE, args: [JSON.stringify(asked)] }],
    read: (results) => results.flatMap((result) => result.rows.map(promiseOf)),
  };
}

interface Lane {
  readonly queue: string;
  readonly type: string;
  readonly items: PreparedEnqueue['item'][];
}

function byLane(set: readonly PreparedEnqueue[]): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const { queue, input, item } of set) {
    const key = JSON.stringify([queue, input.type]);
    const lane = lanes.get(key) ?? { queue, type: input.type, items: [] };
    lane.items.push(item);
    lanes.set(key, lane);
  }
  return [...lanes.values()];
}

function freshPromise(one: PreparedEnqueue, row: Row): PromiseRecord {
  const { input } = one;
  return {
    id: input.id,
    type: input.type,
    queue: one.queue,
    status: 'pending',
    priority: input.priority ?? PROMISE_DEFAULTS.priority,
    payload: input.payload ?? null,
    key: input.key ?? null,
    metadata: input.metadata ?? null,
    attempt: 0,
    maxAttempts: input.maxAttempts ?? PROMISE_DEFAULTS.maxAttempts,
    backoff: input.backoff ?? null,
    timeoutMs: input.timeout ?? PROMISE_DEFAULTS.timeoutMs,
    fence: 0,
    epoch: 0,
    crashes: 0,
    createdAt: numberOf(row, 'created_at'),
    runAt: numberOf(row, 'run_at'),
    startedAt: null,
    error: null,
  };
}
